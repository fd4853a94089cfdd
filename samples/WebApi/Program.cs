using Microsoft.AspNetCore.RateLimiting;
using ResNetMLNet;
using WebApi;

// Classifies an uploaded image:   curl --data-binary "@cat.jpg" http://localhost:5000/classify   (PowerShell: curl.exe)
// Settings, each as an argument or an environment variable: Model, MostUploadedBytes, MostPixels.
var builder = WebApplication.CreateBuilder(args);
var settings = builder.Configuration.Get<Settings>() ?? new();
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = settings.MostUploadedBytes);
builder.Services.AddSingleton(settings);
builder.Services.AddSingleton<ModelFile>();
builder.Services.AddHostedService(services => services.GetRequiredService<ModelFile>());

// As many images are received at a time as there is memory for; so many wait, and others are told to come back.
const long Memory = 256 << 20;
builder.Services.AddRateLimiter(options =>
{
    options.RejectionStatusCode = StatusCodes.Status503ServiceUnavailable;
    var most = Math.Max(Environment.ProcessorCount + 2, Memory / Math.Max(1, settings.MostUploadedBytes));
    options.AddConcurrencyLimiter("images", limit => (limit.PermitLimit, limit.QueueLimit) = ((int)Math.Min(most, 1000), 100));
});

// No more of them are decoded and scored at a time than there are processors: those that are received slowly keep none waiting.
using var processors = new SemaphoreSlim(Environment.ProcessorCount);

var app = builder.Build();
app.UseRateLimiter();

app.MapGet("/health", (ModelFile model) => Results.Ok(new { model.Loaded, Classes = model.Use(classifier => classifier.ClassNames) }));

app.MapPost("/classify", async (HttpRequest request, ModelFile model, CancellationToken cancellation) =>
{
    var bytes = await Received(request, cancellation);
    await processors.WaitAsync(cancellation);
    try
    {
        return Upload.ProblemOf(bytes, settings.MostPixels) ?? Results.Ok(model.Use(classifier => classifier.Classify(bytes)));
    }
    catch (UnusableImageException e)
    {
        // It is cut off, say; the message says what is wrong with it.
        return Results.Problem(e.Message, statusCode: StatusCodes.Status422UnprocessableEntity);
    }
    finally
    {
        processors.Release();
    }
}).RequireRateLimiting("images");

app.Run();

static async Task<byte[]> Received(HttpRequest request, CancellationToken cancellation)
{
    using var upload = new MemoryStream();
    await request.Body.CopyToAsync(upload, cancellation);
    return upload.ToArray();
}
