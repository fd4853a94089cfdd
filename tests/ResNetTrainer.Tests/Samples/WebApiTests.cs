using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Samples;

/// <summary>The web service: what it answers, whatever is sent, while its model is exchanged, and under load.</summary>
[TestClass]
public sealed class WebApiTests
{
    private static SampleFolder _folder = null!;
    private static WebApiProcess _service = null!;

    public TestContext TestContext { get; set; } = null!;

    [ClassInitialize]
    public static void Start(TestContext context)
    {
        _folder = new();
        _service = new(_folder.Model, "--MostUploadedBytes", "100000", "--MostPixels", "1000000");
    }

    [ClassCleanup]
    public static void End()
    {
        _service.Dispose();
        _folder.Dispose();
    }

    [TestMethod]
    public async Task An_image_is_classified_as_the_model_does()
    {
        var file = Files("top")[0];
        var predicted = JsonNode.Parse(SampleProcess.RunHere(["predict", "--model", _folder.Model, "--json", file]).Output)![0]!;

        using var response = await _service.Classify(File.ReadAllBytes(file));

        Assert.AreEqual(HttpStatusCode.OK, response.StatusCode);
        var answer = await Json(response);
        Assert.AreEqual((string?)predicted["label"], (string?)answer["label"]);
        Assert.AreEqual((float)predicted["probability"]!, (float)answer["probability"]!, 1e-5f);
        Assert.AreEqual(1, answer["scores"]!.AsObject().Sum(score => (double)score.Value!), 1e-5);
    }

    [TestMethod]
    public async Task A_model_that_would_rather_say_nothing_says_nothing()
    {
        var ml = Images.Context();
        var model = Path.Combine(_folder.Path, "careful.zip");
        using (var careful = ((ResNetTransformer)ml.Model.Load(_folder.Model, out var schema)).WithRejectBelow(0.999999))
        {
            ml.Model.Save(careful, schema, model);
        }

        using var service = new WebApiProcess(model);
        using var response = await service.Classify(File.ReadAllBytes(Files("top")[0]));

        var answer = await Json(response);
        Assert.IsNull(answer["label"]);
        Assert.IsLessThan(0.999999f, (float)answer["probability"]!);
    }

    [TestMethod]
    public async Task It_says_that_it_is_well()
    {
        using var response = await _service.Client.GetAsync("health", TestContext.CancellationToken);

        Assert.AreEqual(HttpStatusCode.OK, response.StatusCode);
        var classes = (await Json(response))["classes"]!.AsArray().Select(name => (string)name!).ToArray();
        CollectionAssert.AreEquivalent(Images.ClassNames, classes);
    }

    [TestMethod]
    public async Task What_is_no_image_or_too_large_or_damaged_is_refused_and_nothing_else_suffers()
    {
        var image = EncodedImages.BmpHeader(54, 20, 20).Concat(new byte[20 * 20 * 3]).ToArray();
        foreach (var (body, status) in ((byte[], HttpStatusCode)[])
            [
                ("Not an image."u8.ToArray(), HttpStatusCode.UnsupportedMediaType),
                ([], HttpStatusCode.UnsupportedMediaType),
                (new byte[200_000], HttpStatusCode.RequestEntityTooLarge),
                (EncodedImages.BmpHeader(54, 2_000, 2_000), HttpStatusCode.RequestEntityTooLarge),
                (File.ReadAllBytes(Files("top")[0])[..^100], HttpStatusCode.UnprocessableEntity),
                (image, HttpStatusCode.OK),
            ])
        {
            using var response = await _service.Classify(body);
            Assert.AreEqual(status, response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.CancellationToken));
        }
    }

    [TestMethod]
    public async Task A_replaced_model_takes_over_while_requests_are_answered_and_a_damaged_one_does_not()
    {
        using var other = new TwoClassFolder();
        var folder = Directory.CreateTempSubdirectory().FullName;
        var (model, next) = (Path.Combine(folder, "model.zip"), Path.Combine(folder, "next"));
        File.Copy(_folder.Model, model);
        using (var service = new WebApiProcess(model))
        {
            var image = File.ReadAllBytes(Files("top")[0]);
            File.WriteAllText(next, "No model.");
            File.Move(next, model, overwrite: true);
            await Labels(TimeSpan.FromSeconds(2.5), label => Images.ClassNames.Contains(label));

            SampleFolder.Train(other.Path, next);
            File.Move(next, model, overwrite: true);
            var labels = await Labels(TimeSpan.FromSeconds(5), label => label is "cat" or "dog" || Images.ClassNames.Contains(label));

            Assert.IsTrue(labels[^1] is "cat" or "dog", labels[^1]);

            async Task<List<string>> Labels(TimeSpan time, Predicate<string> isRight)
            {
                var labels = new List<string>();
                for (var end = DateTime.UtcNow + time; DateTime.UtcNow < end;)
                {
                    using var response = await service.Classify(image);
                    Assert.AreEqual(HttpStatusCode.OK, response.StatusCode);
                    labels.Add((string)(await Json(response))["label"]!);
                    Assert.IsTrue(isRight(labels[^1]), labels[^1]);
                }

                return labels;
            }
        }

        Directory.Delete(folder, recursive: true);
    }

    [TestMethod]
    public async Task Images_that_come_in_slowly_keep_nobody_waiting()
    {
        // Within the seconds that the server gives a client that has stopped.
        var slow = new List<TcpClient>();
        try
        {
            for (var i = 0; i < Environment.ProcessorCount + 1; i++)
            {
                var client = new TcpClient("127.0.0.1", _service.Client.BaseAddress!.Port);
                slow.Add(client);
                await client.GetStream().WriteAsync(
                    "POST /classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\nhalf of it"u8.ToArray(),
                    TestContext.CancellationToken);
            }

            await Task.Delay(300, TestContext.CancellationToken);
            using var response = await _service.Classify(File.ReadAllBytes(Files("top")[0]))
                .WaitAsync(TimeSpan.FromSeconds(4), TestContext.CancellationToken);

            Assert.AreEqual(HttpStatusCode.OK, response.StatusCode);
        }
        finally
        {
            slow.ForEach(client => client.Dispose());
        }
    }

    [TestMethod]
    public async Task Eight_clients_at_once_are_all_answered_rightly_in_flat_memory()
    {
        var files = Images.ClassNames.Select(name => File.ReadAllBytes(Files(name)[0])).ToArray();
        var expected = new List<string>();
        foreach (var file in files)
        {
            using var response = await _service.Classify(file);
            expected.Add(await response.Content.ReadAsStringAsync(TestContext.CancellationToken));
        }

        await Round();
        var before = _service.Memory;
        await Round();

        Assert.IsLessThan(30_000_000, _service.Memory - before);

        async Task Round() => await Task.WhenAll(Enumerable.Range(0, 8).Select(client => Task.Run(async () =>
        {
            for (var i = 0; i < 100; i++)
            {
                var which = (client + i) % files.Length;
                using var response = await _service.Classify(files[which]);
                Assert.AreEqual(HttpStatusCode.OK, response.StatusCode);
                Assert.AreEqual(expected[which], await response.Content.ReadAsStringAsync(TestContext.CancellationToken));
            }
        })));
    }

    private static string[] Files(string name) => Directory.GetFiles(_folder.At("images", name));

    private static async Task<JsonNode> Json(HttpResponseMessage response) => (await response.Content.ReadFromJsonAsync<JsonNode>())!;
}
