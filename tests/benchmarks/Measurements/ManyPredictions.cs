using System.CommandLine;
using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet.Benchmarks.Measurements;

/// <summary>Very many predictions by eight threads with an engine each over one transformer: none wrong, memory flat.</summary>
internal static class ManyPredictions
{
    private const int Threads = 8;

    public static Command Create()
    {
        var count = new Option<int>("--count") { DefaultValueFactory = _ => 1_000_000 };
        var command = new Command("many", "A million predictions of small images in one process by eight threads.") { count };
        command.SetAction(parsed =>
        {
            var ml = new MLContext(1);
            using var model = ScoringModels.Fit(ml, 28, ResNetArchitecture.BookResNet18 with { Name = "narrow", Width = 8 });
            var schema = SchemaDefinition.Create(typeof(ScoringModels.Row));
            schema["Pixels"].ColumnType = new VectorDataViewType(NumberDataViewType.Byte, 1, 28, 28);
            var random = new Random(3);
            var rows = Enumerable.Range(0, 100).Select(_ =>
                new ScoringModels.Row { Pixels = ScoringModels.Bytes(random, 28 * 28) }).ToArray();
            PredictionEngine<ScoringModels.Row, ScoringModels.Scored> Engine() =>
                ml.Model.CreatePredictionEngine<ScoringModels.Row, ScoringModels.Scored>(
                    model, new PredictionEngineOptions { InputSchemaDefinition = schema, OwnsTransformer = false });
            using var single = Engine();
            var expected = rows.Select(row => single.Predict(row).Score).ToArray();

            var (done, wrong) = (0, 0);
            var watch = Stopwatch.StartNew();
            var total = parsed.GetValue(count);
            Parallel.For(0, Threads, new ParallelOptions { MaxDegreeOfParallelism = Threads }, thread =>
            {
                using var engine = Engine();
                for (var i = thread; i < total; i += Threads)
                {
                    if (!engine.Predict(rows[i % rows.Length]).Score.SequenceEqual(expected[i % rows.Length]))
                    {
                        Interlocked.Increment(ref wrong);
                    }

                    if (Interlocked.Increment(ref done) % (total / 10) == 0)
                    {
                        Console.WriteLine($"{done:N0} predictions, {wrong} wrong, {watch.Elapsed.TotalSeconds:F0} s, resident "
                            + $"memory {Process.GetCurrentProcess().WorkingSet64 / 1e6:F0} MB");
                    }
                }
            });
        });
        return command;
    }
}
