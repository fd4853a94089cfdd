using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Data.Datasets;
using ResNetMLNet.MLNet;

namespace ResNetMLNet.Fitting;

/// <summary>The steps of opening the validation set, which must be as the training data is.</summary>
internal sealed class ValidationOpening(IHost host, ResNetTrainer.Options options, TrainingDataOpening opening)
{
    private const string ThroughTheSteps = "It must have been put through the steps before the trainer: fit those on the training "
        + "data first and give their Transform of the validation data.";

    public (IDataView Train, IDataView? Validation) Split((IDataView Train, IDataView? Validation) views, int seed)
    {
        if (options.ValidationFraction is not { } fraction)
        {
            return views;
        }

        return views.Validation is null
            ? Internals.Split(host, views.Train, fraction, seed)
            : throw host.Error("There is a validation set, and ValidationFraction asks for a part of the training data "
                + "besides. Leave out one of them.");
    }

    public void CheckMetrics(IDataView? validation)
    {
        if (validation is null && options.Calibrate)
        {
            throw host.Error(
                "The option Calibrate needs a validation set, and there is none. "
                + "Set ValidationSet or ValidationFraction, or leave it out.");
        }

        foreach (var (option, metric) in ((string, TrainingMetric?)[])
            [(nameof(options.EarlyStopping), options.EarlyStopping?.Metric), (nameof(options.BestWeightsBy), options.BestWeightsBy)])
        {
            if (validation is null && metric is TrainingMetric.ValidationLoss or TrainingMetric.ValidationAccuracy)
            {
                throw host.Error(
                    $"The option {option} watches {metric}, but there is no validation set. Set ValidationSet or "
                    + "ValidationFraction, or let it watch TrainLoss.");
            }
        }
    }

    public TrainingColumns FindColumns(IDataView data, LabelColumn trainLabel)
    {
        foreach (var name in (string?[])[options.LabelColumnName, options.FeatureColumnName, options.ExampleWeightColumnName])
        {
            if (name is not null && data.Schema.GetColumnOrNull(name) is null)
            {
                throw host.Error($"The validation set has no column '{name}'. {ThroughTheSteps}");
            }
        }

        try
        {
            var columns = opening.FindColumns(data);
            CheckSameClasses(trainLabel, columns.Label);
            return columns;
        }
        catch (ArgumentOutOfRangeException e)
        {
            // What it advises is for the training data, whose steps may be as they should.
            throw host.Error(
                e, $"A column of the validation set is of another type than training needs. {ThroughTheSteps} ({e.Message})");
        }
    }

    public ImageDataset? Load(IDataView? data, TrainingColumns? columns, ImageDataset train, PixelRange pixels)
    {
        if (data is null)
        {
            return null;
        }

        var validation = opening.Load(data, columns!, train.Format with { Kept = default }, "validation set");
        try
        {
            CheckScale(pixels, TrainingData.PixelsOf(columns!, validation));
            CheckCounting(validation, train);
            return validation;
        }
        catch
        {
            validation.Dispose();
            throw;
        }
    }

    private void CheckScale(PixelRange train, PixelRange validation)
    {
        if (PixelScale.Differs(train, validation))
        {
            throw host.Error(
                $"The pixels of the training data are of {train}, those of the validation set of {validation} (bytes and images are "
                + $"scaled to [0, 1]). {ThroughTheSteps}");
        }
    }

    // Balanced classes of which the training data has no image do not count.
    private void CheckCounting(ImageDataset validation, ImageDataset train)
    {
        var counts = options.ClassWeights == ClassWeights.Equal
            || validation.Statistics.Weights.Zip(train.Statistics.Weights).Any(pair => pair.First > 0 && pair.Second > 0);
        if (!counts)
        {
            throw host.Error(
                "Nothing in the validation set counts: the training data has no image of its classes, and with ClassWeights.Balanced "
                + "these weigh nothing. Give validation rows of classes that are trained, or set ClassWeights = ClassWeights.Equal.");
        }
    }

    private void CheckSameClasses(LabelColumn train, LabelColumn validation)
    {
        var (expected, actual) = (KeyValues.Of(train.Column)?.Names ?? [], KeyValues.Of(validation.Column)?.Names ?? []);
        if (train.Classes == validation.Classes && expected.SequenceEqual(actual))
        {
            return;
        }

        var difference = expected.Count > 0 && actual.Count > 0 ? LabelNames.Difference(expected, actual, "the training data's") : null;
        difference ??= $"it has {validation.Classes}{Unnamed(actual)} where the training data's has {train.Classes}{Unnamed(expected)}";
        throw host.Error(
            $"The label column '{options.LabelColumnName}' of the validation set has other classes than that of the training "
            + $"data: {difference}. "
            + LabelNames.Remedy("the names of all classes"));

        static string Unnamed(IReadOnlyList<string> names) => names.Count == 0 ? " without names" : "";
    }
}
