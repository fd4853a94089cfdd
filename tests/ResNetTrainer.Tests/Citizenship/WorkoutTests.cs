using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Citizenship;

[TestClass]
public class WorkoutTests
{
    public static IEnumerable<object[]> PictureKinds => Enum.GetValues<PictureKind>().Select(kind => new object[] { kind });

    public static IEnumerable<object[]> KeyKinds => Enum.GetValues<LabelKind>().Select(kind => new object[] { kind });

    [TestMethod]
    [DynamicData(nameof(PictureKinds))]
    public void Every_kind_of_picture_passes_the_workout(PictureKind kind)
    {
        var ml = Pictures.Context();
        new EstimatorWorkout(ml, Pictures.Trainer(ml, kind, options => options.Device = ComputeDevice.Auto))
        {
            Valid = Pictures.Labelled(12, kind),
            ValidForTransform = [Pictures.Unlabelled(5, kind), new MemoryDataView(0, Pictures.Features(kind))],
            Invalid =
            [
                new MemoryDataView(3, Pictures.Key(LabelKind.Text)),
                new MemoryDataView(3, Pictures.Key(LabelKind.Text), Pictures.Text("Features", i => "a picture")),
                new MemoryDataView(3, Pictures.Key(LabelKind.Text), new MemoryColumn<float>("Features", NumberDataViewType.Single, i => i)),
                new MemoryDataView(3, Pictures.Key(LabelKind.Text), Pictures.Vector("Features", _ => new float[9])),
                new MemoryDataView(3, Pictures.Key(LabelKind.Text), Pictures.Vector("Features", _ => new double[400], 1, 20, 20)),
            ],
            InvalidDimensions =
            [
                new MemoryDataView(3, Pictures.Key(LabelKind.Text), Pictures.Vector("Features", _ => new byte[500], 500)),
                new MemoryDataView(3, Pictures.Key(LabelKind.Text), Pictures.Vector("Features", _ => new float[400], 20, 20)),
                new MemoryDataView(3, Pictures.Key(LabelKind.Text), Pictures.Vector("Features", _ => new byte[800], 2, 20, 20)),
            ],
            ValidForFit =
            [
                Pictures.Labelled(4, PictureKind.GreyBytes, size: 24),
                Pictures.Labelled(4, PictureKind.Floats, size: 24),
            ],
        }.Run();
    }

    [TestMethod]
    [DynamicData(nameof(KeyKinds))]
    public void Every_kind_of_label_passes_the_workout(LabelKind kind)
    {
        var ml = Pictures.Context();
        new EstimatorWorkout(ml, Pictures.Trainer(ml, change: options => options.Device = ComputeDevice.Auto))
        {
            Valid = Pictures.Labelled(12, label: kind),
            ValidForTransform = [Pictures.Unlabelled(5)],
        }.Run();
    }

    [TestMethod]
    [DataRow(LabelKind.Text)]
    [DataRow(LabelKind.Integer)]
    [DataRow(LabelKind.Float)]
    [DataRow(LabelKind.Boolean)]
    public void Labels_mapped_by_ML_NET_pass_the_workout(LabelKind kind)
    {
        var ml = Pictures.Context();
        var raw = new MemoryDataView(12, Pictures.Features(), Pictures.RawClass(kind));
        var data = ml.Transforms.Conversion.MapValueToKey("Label", "Class").Fit(raw).Transform(raw);

        new EstimatorWorkout(ml, Pictures.Trainer(ml, change: options => options.Device = ComputeDevice.Auto)) { Valid = data }.Run();
    }

    [TestMethod]
    public void Resizing_on_the_device_passes_the_workout_with_pictures_of_any_size()
    {
        var ml = Pictures.Context();
        new EstimatorWorkout(ml, Pictures.Trainer(ml, change: options => (options.ImageSize, options.Device) = (24, ComputeDevice.Auto)))
        {
            Valid = Pictures.Labelled(12),
            ValidForTransform = [Pictures.Unlabelled(5, size: 32), Pictures.Unlabelled(5, PictureKind.FlatGreyFloats)],
        }.Run();
    }

    [TestMethod]
    public void Other_column_names_pass_the_workout()
    {
        var ml = Pictures.Context();
        var trainer = Pictures.Trainer(ml, change: options =>
        {
            options.Device = ComputeDevice.Auto;
            options.FeatureColumnName = "Picture";
            options.LabelColumnName = "Kind";
            options.PredictedLabelColumnName = "Guess";
        });

        new EstimatorWorkout(ml, trainer)
        {
            Valid = new MemoryDataView(12, Pictures.Features(name: "Picture"), Pictures.Key(LabelKind.Text, "Kind")),
            Invalid = [Pictures.Labelled()],
        }.Run();
    }

    [TestMethod]
    public void Output_columns_may_hide_columns_of_the_same_name()
    {
        var ml = Pictures.Context();
        new EstimatorWorkout(ml, Pictures.Trainer(ml, change: options => options.Device = ComputeDevice.Auto))
        {
            Valid = Pictures.Labelled(12, more: [new MemoryColumn<float>("Score", NumberDataViewType.Single, i => i)]),
        }.Run();
    }
}
