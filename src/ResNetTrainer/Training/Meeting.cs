using System.Reflection;
using System.Text.Json;
using ResNetMLNet.Distributed;
using ResNetMLNet.Training.Checkpoints;

namespace ResNetMLNet.Training;

/// <summary>Before the first step: the processes find out that they train the same, and begin as the first of them does.</summary>
internal static class Meeting
{
    /// <summary>Makes sure that all processes mean the same training.</summary>
    /// <param name="group">The processes.</param>
    /// <param name="words">What this one means.</param>
    /// <exception cref="InvalidOperationException">They do not; thrown in all of them, it names what differs.</exception>
    public static void Agree(ProcessGroup group, SortedDictionary<string, string> words)
    {
        if (group.IsAlone)
        {
            return;
        }

        var mine = new SortedDictionary<string, string>(words.Where(word => word.Key != TrainingIdentity.DeviceWord).ToDictionary())
        {
            ["the version of ResNetMLNet"] = Version(),
        };
        var all = group.AllGather(JsonSerializer.Serialize(mine.ToDictionary(), CheckpointJson.Default.DictionaryStringString))
            .Select(text => JsonSerializer.Deserialize(text, CheckpointJson.Default.DictionaryStringString)!)
            .ToArray();
        var differences =
            from rank in Enumerable.Range(1, all.Length - 1)
            from key in all[0].Keys.Union(all[rank].Keys)
            let here = all[0].GetValueOrDefault(key, "none")
            let there = all[rank].GetValueOrDefault(key, "none")
            where here != there
            select $"{key} is {here} in rank 0 and {there} in rank {rank}";
        if (differences.FirstOrDefault() is not null)
        {
            throw ProcessGroup.OfAll(new InvalidOperationException(
                $"The processes do not train the same: {string.Join("; ", differences.Take(5))}. Start all of them with the same program, "
                + "options and data; what their machines decide, as MemoryBudget and Precision, set to the same for all."));
        }
    }

    /// <summary>Gives all processes the state of the first, which may have gone on from a checkpoint.</summary>
    public static void BeginAsFirst(ProcessGroup group, TrainingState state)
    {
        if (group.IsAlone)
        {
            return;
        }

        using var written = new MemoryStream();
        if (group.IsFirst)
        {
            CheckpointFile.Write(written, state.Save(), new Dictionary<string, string>());
        }

        using var received = new MemoryStream(group.Broadcast(written.ToArray()));
        if (!group.IsFirst)
        {
            state.Restore(CheckpointFile.Read(received).Checkpoint);
        }
    }

    private static string Version() =>
        typeof(Meeting).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
