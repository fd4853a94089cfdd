using System.Globalization;

namespace ResNetMLNet.Training.Checkpoints;

/// <summary>Which training a checkpoint is of, in the words of <see cref="TrainingIdentity"/>, and whether another is the same.</summary>
internal static class CheckpointIdentity
{
    // The first checkpoints of several processes do not say it.
    private const string Normalisation = nameof(ResNetTrainer.Options.SynchronizedNormalization);

    // What follows from how many processes there are.
    private static readonly string[] _ofProcesses =
    [
        TrainingIdentity.ProcessesWord, TrainingIdentity.DeviceWord, nameof(TrainingPlan.BatchSize), nameof(TrainingPlan.LearningRate),
        nameof(TrainingPlan.MuonMultiplier), nameof(ResNetTrainer.Options.GradientCompression), Normalisation,
    ];

    /// <summary>How many processes wrote it; alone, one says nothing.</summary>
    public static string Processes(IReadOnlyDictionary<string, string> words) =>
        words.GetValueOrDefault(TrainingIdentity.ProcessesWord, "1");

    /// <summary>Whether a training of another number of processes wrote it.</summary>
    public static bool IsOfOtherProcesses(IReadOnlyDictionary<string, string> then, IReadOnlyDictionary<string, string> now) =>
        Processes(then) != Processes(now);

    /// <summary>
    /// The step of an epoch at which a training has done as many images as another of other batches, or a few more: not none of them,
    /// where some are.
    /// </summary>
    public static long StepOfAsManyImages(
        IReadOnlyDictionary<string, string> then, IReadOnlyDictionary<string, string> now, long step, long steps)
    {
        return BatchSize(then) is { } before && BatchSize(now) is { } after
            ? Math.Min(((step * before) + after - 1) / after, steps)
            : step;

        static long? BatchSize(IReadOnlyDictionary<string, string> words) =>
            long.TryParse(words.GetValueOrDefault(nameof(TrainingPlan.BatchSize)), CultureInfo.InvariantCulture, out var size)
                ? size
                : null;
    }

    /// <summary>In what two trainings differ, other than in the number of processes.</summary>
    public static string[] Differences(IReadOnlyDictionary<string, string> then, IReadOnlyDictionary<string, string> now)
    {
        var isOfOthers = IsOfOtherProcesses(then, now);
        var left = isOfOthers ? _ofProcesses : then.ContainsKey(Normalisation) ? [] : (string[])[Normalisation];
        return
        [
            .. now.Keys.Union(then.Keys).Except(left)
                .Select(key => (Key: key, Then: Word(then, key), Now: Word(now, key)))
                .Where(entry => entry.Then != entry.Now)
                .Select(entry => $"{entry.Key} was {OrNone(entry.Then)} and is {OrNone(entry.Now)}"),
        ];

        // Those of a machine share its memory, and a fingerprint is of what is in memory.
        string Word(IReadOnlyDictionary<string, string> words, string key)
        {
            var word = words.GetValueOrDefault(key, "");
            return isOfOthers && IsStreamed(key) ? TrainingIdentity.CountOf(word) : word;
        }

        bool IsStreamed(string key) =>
            TrainingIdentity.IsStreamed(then.GetValueOrDefault(key, "")) || TrainingIdentity.IsStreamed(now.GetValueOrDefault(key, ""));
    }

    private static string OrNone(string word) => word.Length == 0 ? "none" : word;
}
