using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data.Decoding;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;

namespace ResNetMLNet;

public sealed partial class ResNetFeaturesEstimator
{
    /// <summary>Which network a <see cref="ResNetFeaturesEstimator"/> takes, and what it is fed.</summary>
    public sealed class Options
    {
        /// <summary>The output column of features. Default: "Features".</summary>
        public string OutputColumnName { get; set; } = DefaultColumnNames.Features;

        /// <summary>The column of images; null: that of the same name as the output column.</summary>
        public string? InputColumnName { get; set; }

        /// <summary>The network, as a file of weights: this or <see cref="Model"/>. The file is read by <c>Fit</c>.</summary>
        public InitialWeights? Weights { get; set; }

        /// <summary>
        /// The network, of a fitted model: this or <see cref="Weights"/>. A <see cref="ResNetTransformer"/>, or a chain with one in it, as
        /// <c>Model.Load</c> gives it.
        /// </summary>
        public ITransformer? Model { get; set; }

        /// <summary>
        /// The height and width in pixels to which images are resized; null: what the model was trained on, or 224 for weights.
        /// </summary>
        public int? ImageSize { get; set; }

        /// <summary>How images that are not square are resized; null: as the model does it, or stretched.</summary>
        public ResizeMode? ResizeMode { get; set; }

        /// <summary>
        /// For images (<c>MLImage</c> or encoded), which always have colours: 3 reads them as red, green, blue, 1 as grey; null: as the
        /// network was trained. A vector states its own. Weights for colours are summed up for grey images.
        /// </summary>
        public int? ImageChannels { get; set; }

        /// <summary>
        /// For encoded images: the pixels (width times height) of the largest one that is decoded, between 1 and 500 million; null: the
        /// model's, or 100 million.
        /// </summary>
        public int? MaximumImagePixels { get; set; }

        /// <summary>Where to compute. Default: the GPU if there is one.</summary>
        public ComputeDevice Device { get; set; } = ComputeDevice.Auto;

        internal Options Clone() => (Options)MemberwiseClone();

        internal void Check(IExceptionContext context)
        {
            context.Require(!string.IsNullOrWhiteSpace(OutputColumnName), nameof(OutputColumnName), "''", "the name of a column");
            context.Require(InputColumnName is null || !string.IsNullOrWhiteSpace(InputColumnName), nameof(InputColumnName), "''",
                "the name of a column, or null");
            context.Require((Weights is null) != (Model is null), nameof(Weights), Weights is null ? "null" : $"'{Weights.Path}'",
                "set where Model is not, and only there");
            context.Require(ImageSize is null or (>= 1 and <= NetworkLimits.MostPixelsOfASide), nameof(ImageSize), ImageSize,
                "between 1 and 4096 pixels");
            context.Require(ResizeMode is null || Enum.IsDefined(ResizeMode.Value), nameof(ResizeMode), ResizeMode,
                "Stretch, CenterCrop or Pad");
            context.Require(ImageChannels is null or 1 or 3, nameof(ImageChannels), ImageChannels, "1 (grey) or 3 (red, green, blue)");
            context.Require(MaximumImagePixels is null or (>= 1 and <= EncodedImage.LargestMaximumPixels), nameof(MaximumImagePixels),
                MaximumImagePixels, $"between 1 and {EncodedImage.LargestMaximumPixels} pixels");
            context.Require(Enum.IsDefined(Device), nameof(Device), Device, "Auto, Cpu or Cuda");
        }
    }
}
