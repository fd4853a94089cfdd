using System.CommandLine;
using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;
using ResNetMLNet.Native;
using static TorchSharp.torch;

namespace ResNetMLNet.Benchmarks.Measurements;

/// <summary>Scoring in batches and one by one, against bare loops over the engines with the same weights or the same network.</summary>
internal static class ScoringSpeed
{
    public static Command Create()
    {
        var rows = new Option<int>("--rows") { DefaultValueFactory = _ => 10_000 };
        var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 3 };
        var command = new Command("scoring", "Images a second of Transform and milliseconds of Predict, against ONNX Runtime "
            + "and TorchSharp.") { rows, rounds };
        command.SetAction(parsed =>
        {
            var ml = new MLContext(1);
            using var model = ScoringModels.Fit(ml, 96);
            using var session = Open(model.Model);
            Batches(ml, model, session, parsed.GetValue(rows), parsed.GetValue(rounds));
            Single(ml, model, session);
            Growth(ml, parsed.GetValue(rows) / 10);
        });
        return command;
    }

    private static void Batches(MLContext ml, ResNetTransformer model, InferenceSession session, int rows, int rounds)
    {
        Console.WriteLine($"\n{rows:N0} images of 96x96 in memory\n");
        var data = ScoringModels.Random(ml, rows, 96);
        TorchRuntime.EnsureLoaded();
        using var torch = new BareNetwork(ScalarType.Float32);
        torch.eval();
        InTurn.Run(
            new Dictionary<string, Func<double>>
            {
                ["Transform"] = () => Speed(rows, () => Drain(model.Transform(data))),
                ["bare ONNX Runtime, batch 64"] = () => Speed(rows, () => Onnx(session, 64, 96, rows / 64)),
                ["bare TorchSharp, float32, batch 64"] = () => Speed(rows / 4, () => Torch(torch, 64, 96, rows / 4 / 64)),
            },
            rounds,
            "images/s");

        Console.WriteLine("\nFashion-MNIST's 28x28 resized to 96, 2,000 shipped test images\n");
        var test = FullData.Load(ml, ScoringModels.Shipped, "t10k");
        InTurn.Run(
            new Dictionary<string, Func<double>>
            {
                ["Transform"] = () => Speed(2000, () => Drain(model.Transform(test))),
                ["Evaluate"] = () => Speed(2000, () => ml.MulticlassClassification.Evaluate(model.Transform(test))),
            },
            rounds,
            "images/s");
    }

    private static void Single(MLContext ml, ResNetTransformer model, InferenceSession session)
    {
        Console.WriteLine("\nOne image of 96x96, 1,000 calls each in turns of 50\n");
        var schema = SchemaDefinition.Create(typeof(ScoringModels.Row));
        schema["Pixels"].ColumnType = new VectorDataViewType(NumberDataViewType.Byte, 1, 96, 96);
        using var engine = ml.Model.CreatePredictionEngine<ScoringModels.Row, ScoringModels.Scored>(
            model, new PredictionEngineOptions { InputSchemaDefinition = schema, OwnsTransformer = false });
        var row = new ScoringModels.Row { Pixels = ScoringModels.Bytes(new(2), 96 * 96) };
        var scored = new ScoringModels.Scored();
        var contestants = new Dictionary<string, Action>
        {
            ["PredictionEngine.Predict"] = () => engine.Predict(row, ref scored),
            ["bare ONNX Runtime call"] = () => Onnx(session, 1, 96, 1),
        };
        var times = contestants.Keys.ToDictionary(name => name, _ => new List<double>());
        long allocated = 0;
        for (var turn = -1; turn < 20; turn++)
        {
            foreach (var (name, call) in contestants)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                for (var i = 0; i < 50; i++)
                {
                    var start = Stopwatch.GetTimestamp();
                    call();
                    if (turn >= 0)
                    {
                        times[name].Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                    }
                }

                allocated = call == contestants.Values.First() ? (GC.GetAllocatedBytesForCurrentThread() - before) / 50 : allocated;
            }
        }

        Console.WriteLine("| what | median, ms | 99th percentile, ms |\n| --- | --- | --- |");
        foreach (var (name, values) in times)
        {
            values.Sort();
            Console.WriteLine($"| {name} | {values[values.Count / 2]:F2} | {values[values.Count * 99 / 100]:F2} |");
        }

        Console.WriteLine($"\nPredict allocates {allocated} bytes a call.");
    }

    private static void Growth(MLContext ml, int rows)
    {
        Console.WriteLine("\nONNX Runtime's session of the transformer, images/s by batch and size; Transform beside it\n");
        Console.WriteLine("| size | batch 1 | batch 8 | batch 64 | batch 256 | Transform |\n| --- | --- | --- | --- | --- | --- |");
        foreach (var size in (int[])[28, 96, 224])
        {
            using var model = ScoringModels.Fit(ml, size);
            using var session = Open(model.Model);
            var count = rows * 96 * 96 / (size * size);
            var speeds = ((int[])[1, 8, 64, 256]).Select(batch =>
            {
                var batches = Math.Max(1, count / batch);
                return Speed(batches * batch, () => Onnx(session, batch, size, batches));
            }).ToArray();
            var data = ScoringModels.Random(ml, count, size);
            Drain(model.Transform(ml.Data.TakeRows(data, 1)));
            Console.WriteLine(
                $"| {size} | {string.Join(" | ", speeds.Select(speed => speed.ToString("F0")))} | "
                + $"{Speed(count, () => Drain(model.Transform(data))):F0} |");
        }
    }

    private static InferenceSession Open(ResNetModel model)
    {
        using var stream = new MemoryStream();
        model.ExportToOnnx(stream);
        return new(stream.ToArray());
    }

    private static double Speed(int images, Action action)
    {
        var watch = Stopwatch.StartNew();
        action();
        return images / watch.Elapsed.TotalSeconds;
    }

    private static void Drain(IDataView data)
    {
        using var cursor = data.GetRowCursor([data.Schema["Score"]]);
        var getter = cursor.GetGetter<VBuffer<float>>(data.Schema["Score"]);
        VBuffer<float> score = default;
        while (cursor.MoveNext())
        {
            getter(ref score);
        }
    }

    private static void Onnx(InferenceSession session, int batch, int size, int batches)
    {
        using var run = new RunOptions();
        var pixels = new float[batch * size * size];
        Array.Fill(pixels, 0.5f);
        using var input = OrtValue.CreateTensorValueFromMemory(pixels, [batch, 1, size, size]);
        for (var i = 0; i < batches; i++)
        {
            using var results = session.Run(run, ["pixels"], [input], ["probabilities"]);
        }
    }

    private static void Torch(BareNetwork network, int batch, int size, int batches)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var pixels = full([batch, 1, size, size], 0.5f);
        for (var i = 0; i < batches; i++)
        {
            using var inner = NewDisposeScope();
            network.forward(pixels).softmax(1);
        }
    }
}
