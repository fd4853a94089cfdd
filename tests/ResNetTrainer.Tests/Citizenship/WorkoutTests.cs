using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Citizenship;

[TestClass]
public class WorkoutTests
{
    public static IEnumerable<object[]> ImageKinds => Enum.GetValues<ImageKind>().Select(kind => new object[] { kind });

    public static IEnumerable<object[]> KeyKinds => Enum.GetValues<LabelKind>().Select(kind => new object[] { kind });

    [TestMethod]
    [DynamicData(nameof(ImageKinds))]
    public void Every_kind_of_image_passes_the_workout(ImageKind kind)
    {
        var ml = Images.Context();
        new EstimatorWorkout(ml, Images.Trainer(ml, kind, options => options.Device = ComputeDevice.Auto))
        {
            Valid = Images.Labelled(12, kind),
            ValidForTransform = [Images.Unlabelled(5, kind), new MemoryDataView(0, Images.Features(kind))],
            Invalid =
            [
                new MemoryDataView(3, Images.Key(LabelKind.Text)),
                new MemoryDataView(3, Images.Key(LabelKind.Text), Images.Text("Features", i => "an image")),
                new MemoryDataView(3, Images.Key(LabelKind.Text), new MemoryColumn<float>("Features", NumberDataViewType.Single, i => i)),
                new MemoryDataView(3, Images.Key(LabelKind.Text), Images.Vector("Features", _ => new float[9])),
                new MemoryDataView(3, Images.Key(LabelKind.Text), Images.Vector("Features", _ => new double[400], 1, 20, 20)),
            ],
            InvalidDimensions =
            [
                new MemoryDataView(3, Images.Key(LabelKind.Text), Images.Vector("Features", _ => new byte[500], 500)),
                new MemoryDataView(3, Images.Key(LabelKind.Text), Images.Vector("Features", _ => new float[400], 20, 20)),
                new MemoryDataView(3, Images.Key(LabelKind.Text), Images.Vector("Features", _ => new byte[800], 2, 20, 20)),
            ],
            ValidForFit =
            [
                Images.Labelled(4, ImageKind.GreyBytes, size: 24),
                Images.Labelled(4, ImageKind.Floats, size: 24),
            ],
        }.Run();
    }

    [TestMethod]
    [DynamicData(nameof(KeyKinds))]
    public void Every_kind_of_label_passes_the_workout(LabelKind kind)
    {
        var ml = Images.Context();
        new EstimatorWorkout(ml, Images.Trainer(ml, change: options => options.Device = ComputeDevice.Auto))
        {
            Valid = Images.Labelled(12, label: kind),
            ValidForTransform = [Images.Unlabelled(5)],
        }.Run();
    }

    [TestMethod]
    [DataRow(LabelKind.Text)]
    [DataRow(LabelKind.Integer)]
    [DataRow(LabelKind.Float)]
    [DataRow(LabelKind.Boolean)]
    public void Labels_mapped_by_ML_NET_pass_the_workout(LabelKind kind)
    {
        var ml = Images.Context();
        var raw = new MemoryDataView(12, Images.Features(), Images.RawClass(kind));
        var data = ml.Transforms.Conversion.MapValueToKey("Label", "Class").Fit(raw).Transform(raw);

        new EstimatorWorkout(ml, Images.Trainer(ml, change: options => options.Device = ComputeDevice.Auto)) { Valid = data }.Run();
    }

    [TestMethod]
    public void Resizing_on_the_device_passes_the_workout_with_images_of_any_size()
    {
        var ml = Images.Context();
        new EstimatorWorkout(ml, Images.Trainer(ml, change: options => (options.ImageSize, options.Device) = (24, ComputeDevice.Auto)))
        {
            Valid = Images.Labelled(12),
            ValidForTransform = [Images.Unlabelled(5, size: 32), Images.Unlabelled(5, ImageKind.FlatGreyFloats)],
        }.Run();
    }

    [TestMethod]
    public void Other_column_names_pass_the_workout()
    {
        var ml = Images.Context();
        var trainer = Images.Trainer(ml, change: options =>
        {
            options.Device = ComputeDevice.Auto;
            options.FeatureColumnName = "Image";
            options.LabelColumnName = "Kind";
            options.PredictedLabelColumnName = "Guess";
        });

        new EstimatorWorkout(ml, trainer)
        {
            Valid = new MemoryDataView(12, Images.Features(name: "Image"), Images.Key(LabelKind.Text, "Kind")),
            Invalid = [Images.Labelled()],
        }.Run();
    }

    [TestMethod]
    public void Output_columns_may_hide_columns_of_the_same_name()
    {
        var ml = Images.Context();
        new EstimatorWorkout(ml, Images.Trainer(ml, change: options => options.Device = ComputeDevice.Auto))
        {
            Valid = Images.Labelled(12, more: [new MemoryColumn<float>("Score", NumberDataViewType.Single, i => i)]),
        }.Run();
    }
}
