namespace ResNetMLNet;

/// <summary>
/// What temperature scaling made of a model's probabilities (Guo et al., On Calibration of Modern Neural Networks, 2017), measured on the
/// validation set; see <see cref="ResNetTrainer.Options.Calibrate"/>. Losses and errors count images as the validation loss does.
/// </summary>
public sealed record TemperatureScaling
{
    /// <summary>
    /// What logits are divided by before the softmax: more than 1 where the network was too sure of itself. The model's linear layer has
    /// been divided by it already. 1 where the validation set says nothing about it.
    /// </summary>
    public required double Temperature { get; init; }

    /// <summary>Mean cross-entropy before, in nats.</summary>
    public required double LossBefore { get; init; }

    /// <summary>Mean cross-entropy after, in nats.</summary>
    public required double LossAfter { get; init; }

    /// <summary>
    /// The expected calibration error before, in [0, 1]; see <see cref="ResNetCatalog.CalibrationError"/>.
    /// </summary>
    public required double CalibrationErrorBefore { get; init; }

    /// <summary>The expected calibration error after, in [0, 1].</summary>
    public required double CalibrationErrorAfter { get; init; }
}
