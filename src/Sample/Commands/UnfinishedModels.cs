using Microsoft.ML;
using ResNetMLNet.Sample.Files;

namespace ResNetMLNet.Sample.Commands;

/// <summary>Models of trainings that did not end, in the folder for the results: parts of this one, and those of others.</summary>
/// <param name="ml">The context.</param>
/// <param name="folder">The folder.</param>
/// <param name="network">What this training came to.</param>
internal sealed class UnfinishedModels(MLContext ml, OutputFolder folder, ResNetModel network)
{
    /// <summary>
    /// The name for such a model: with a number where that of another training has it, which may have taken hours, or be what this one
    /// started from.
    /// </summary>
    public string NameFor(string file) => Names(file).First(name => !folder.Has(name) || IsEarlierPart(name));

    /// <summary>Removes the earlier parts of this training among the models of this name, with a number or without.</summary>
    public void RemoveEarlierParts(string file) => folder.Remove([.. Names(file).TakeWhile(folder.Has).Where(IsEarlierPart)]);

    /// <summary>Whether a model that is there is what this training left when it was ended before.</summary>
    public bool IsEarlierPart(string name)
    {
        try
        {
            using var transformer = ResNetTransformer.Find(ml.Model.Load(folder.PathOf(name), out _));
            var earlier = transformer.Model;
            return earlier.Training.Outcome != TrainingOutcome.Completed && earlier.History.Count <= network.History.Count
                && AtItsBeginning(earlier.Training) == AtItsBeginning(network.Training)
                && earlier.ClassNames.SequenceEqual(network.ClassNames)
                && earlier.History.Zip(network.History).All(pair => pair.First.TrainLoss.Equals(pair.Second.TrainLoss));
        }
        catch (Exception)
        {
            // Whatever it is, it is not of this training.
            return false;
        }
    }

    private static IEnumerable<string> Names(string file) => Enumerable.Range(1, int.MaxValue).Select(number => number == 1
        ? file
        : $"{Path.GetFileNameWithoutExtension(file)}-{number}{Path.GetExtension(file)}");

    // Without all that the course of a training decides: it may go on elsewhere, too.
    private static TrainingSummary AtItsBeginning(TrainingSummary training) => training with
    {
        Device = "",
        Outcome = TrainingOutcome.Cancelled,
        BestEpoch = null,
        Calibration = null,
        History = Array.Empty<EpochMetrics>(),
    };
}
