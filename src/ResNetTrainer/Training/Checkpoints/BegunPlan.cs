using System.Globalization;
using ResNetMLNet.Distributed;

namespace ResNetMLNet.Training.Checkpoints;

/// <summary>What a training that goes on from a checkpoint keeps of its plan where nobody says otherwise.</summary>
/// <param name="Seed">The seed; null where it begins.</param>
/// <param name="Age">What it goes on without, since it began before that was there.</param>
/// <param name="Epochs">The epochs that another number of processes began with; null where the recipe decides.</param>
/// <param name="Augmentation">The changes to images, as above.</param>
/// <param name="Winograd">Whether it computes by Winograd's algorithm; null where it begins.</param>
/// <remarks>The recipe makes epochs, and by them changes to images, of the batch of all processes.</remarks>
internal readonly record struct BegunPlan(int? Seed, RecipeAge Age, int? Epochs, Augmentation? Augmentation, bool? Winograd)
{
    /// <summary>What the first of the processes, which has the checkpoints, finds there.</summary>
    public static BegunPlan Of(CheckpointFolder? checkpoints, ProcessGroup group) =>
        group.Broadcast(checkpoints?.Words is { } words ? Of(words, group.Size) : default);

    private static BegunPlan Of(IReadOnlyDictionary<string, string> words, int processes)
    {
        var isOfOthers = CheckpointIdentity.Processes(words) != $"{processes}";
        return new(
            ToNumber(nameof(TrainingPlan.Seed)),
            AgeOf(words),
            isOfOthers ? ToNumber(nameof(TrainingPlan.Epochs)) : null,
            isOfOthers ? ChangesOf(words) : null,
            words.GetValueOrDefault(nameof(TrainingPlan.Winograd)) == $"{true}");

        int? ToNumber(string word) =>
            int.TryParse(words.GetValueOrDefault(word), CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    private static Augmentation? ChangesOf(IReadOnlyDictionary<string, string> words) =>
        Enum.TryParse<Augmentation>(words.GetValueOrDefault(nameof(TrainingPlan.Augmentation)), out var changes) ? changes : null;

    // Numbers that were not in the plan then are not in its words. Where nothing is shifted, nothing need be now.
    private static RecipeAge AgeOf(IReadOnlyDictionary<string, string> words) =>
        !words.ContainsKey(nameof(TrainingPlan.MuonMultiplier)) ? RecipeAge.BeforeMuon
        : !words.ContainsKey(nameof(TrainingPlan.GradientClipping)) ? RecipeAge.BeforeClipping
        : ChangesOf(words)?.HasFlag(ResNetMLNet.Augmentation.Shift) == false ? RecipeAge.BeforeShifts
        : RecipeAge.Current;
}
