using Microsoft.ML;
using Microsoft.ML.Data;

// Loads a model with stock ML.NET in a process that has never heard of the library, scores the images of a binary file that
// ML.NET wrote, and prints the scores to the last bit. Arguments: the model, the images, and where to save the model again, if anywhere.
var ml = new MLContext();
var model = ml.Model.Load(args[0], out var schema);
Console.WriteLine(string.Join(",", schema?.Select(column => $"{column.Name}:{column.Type}") ?? []));
var scored = model.Transform(ml.Data.LoadFromBinary(args[1]));
foreach (var score in scored.GetColumn<float[]>("Score"))
{
    Console.WriteLine(string.Join(" ", score.Select(value => BitConverter.SingleToUInt32Bits(value).ToString("x8"))));
}

if (args is [_, _, var again])
{
    Console.WriteLine($"JSON by reflection: {System.Text.Json.JsonSerializer.IsReflectionEnabledByDefault}");
    ml.Model.Save(model, schema, again);
}
