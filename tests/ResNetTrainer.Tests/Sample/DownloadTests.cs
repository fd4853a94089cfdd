using System.Net;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using ResNetMLNet.Sample;

namespace ResNetMLNet.Tests.Sample;

/// <summary>Against a server of our own on loopback, which has the wrong files: the right ones are 30 MB.</summary>
[TestClass]
public sealed class DownloadTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("resnet-tests-").FullName;
    private readonly HttpListener _server = new();
    private readonly Uri _address;

    public DownloadTests()
    {
        using var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        _address = new($"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/");
        probe.Stop();
        _server.Prefixes.Add(_address.ToString());
        _server.Start();
    }

    public TestContext TestContext { get; set; } = null!;

    public void Dispose()
    {
        _server.Close();
        Directory.Delete(_folder, recursive: true);
    }

    [TestMethod]
    public async Task Another_file_than_the_published_one_is_refused_and_not_kept()
    {
        var served = Serve(200, new byte[200_000]);
        var progress = new StringWriter();
        var error = await Assert.ThrowsExactlyAsync<InvalidOperationException>(
            () => new FashionMnistDownload(_address, _folder, progress).Run(TestContext.CancellationToken));

        StringAssert.Contains(error.Message, "SHA-256");
        StringAssert.Contains(error.Message, "train-images-idx3-ubyte.gz");
        StringAssert.Contains(progress.ToString(), "0.2 MB of 0.2");
        Assert.IsEmpty(Directory.GetFiles(_folder));
        await served;
    }

    [TestMethod]
    public async Task A_server_that_has_nothing_is_named()
    {
        var served = Serve(404, []);
        var error = await Assert.ThrowsExactlyAsync<InvalidOperationException>(
            () => new FashionMnistDownload(_address, _folder, TextWriter.Null).Run(TestContext.CancellationToken));

        StringAssert.Contains(error.Message, _address.ToString());
        StringAssert.Contains(error.Message, "--data");
        Assert.IsEmpty(Directory.GetFiles(_folder));
        await served;
    }

    [TestMethod]
    public async Task The_published_files_are_fetched_and_not_fetched_again()
    {
        const string Full = "/usr/share/datasets/fashion-mnist";
        if (!Directory.Exists(Full))
        {
            Assert.Inconclusive("The full set (Debian: dataset-fashion-mnist) is not installed.");
        }

        var served = Task.Run(async () =>
        {
            for (var file = 0; file < 4; file++)
            {
                var context = await _server.GetContextAsync();
                await Answer(context, 200, await File.ReadAllBytesAsync(Full + context.Request.Url!.AbsolutePath));
            }
        });
        var download = new FashionMnistDownload(_address, _folder, TextWriter.Null);
        await download.Run(TestContext.CancellationToken);
        await served;
        _server.Stop();

        Assert.AreEqual(_folder, await download.Run(TestContext.CancellationToken));
        Assert.HasCount(4, Directory.GetFiles(_folder));
    }

    private async Task Serve(int status, byte[] content) => await Answer(await _server.GetContextAsync(), status, content);

    private static async Task Answer(HttpListenerContext context, int status, byte[] content)
    {
        context.Response.StatusCode = status;
        context.Response.ContentLength64 = content.Length;
        await context.Response.OutputStream.WriteAsync(content);
        context.Response.Close();
    }
}
