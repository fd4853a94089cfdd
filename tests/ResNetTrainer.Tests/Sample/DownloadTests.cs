using System.Net;
using ResNetMLNet.Sample.Images;

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

    [TestMethod]
    public async Task A_redirection_within_the_host_is_followed()
    {
        var served = Task.Run(async () =>
        {
            Redirect(await _server.GetContextAsync(), new(_address, "elsewhere"));
            await Serve(200, [1, 2, 3]);
        });
        var error = await Download();

        StringAssert.Contains(error.Message, "SHA-256");
        await served;
    }

    [TestMethod]
    public async Task A_redirection_to_another_host_without_encryption_is_refused()
    {
        var other = new UriBuilder(_address) { Host = "localhost" }.Uri;
        var served = Task.Run(async () => Redirect(await _server.GetContextAsync(), other));
        var error = await Download();

        StringAssert.Contains(error.Message, other.ToString());
        StringAssert.Contains(error.Message, "https");
        StringAssert.Contains(error.Message, "--data");
        await served;
    }

    [TestMethod]
    public async Task Redirections_in_a_circle_come_to_an_end()
    {
        var served = Task.Run(async () =>
        {
            while (_server.IsListening)
            {
                Redirect(await _server.GetContextAsync(), new(_address, "again"));
            }
        });
        var error = await Download();

        StringAssert.Contains(error.Message, "redirect");
        _server.Stop();
        await Assert.ThrowsAsync<Exception>(() => served);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public async Task A_file_that_does_not_end_is_cut_off(bool saysHowLong)
    {
        using var stop = new CancellationTokenSource();
        var served = Task.Run(async () =>
        {
            var context = await _server.GetContextAsync();
            context.Response.SendChunked = !saysHowLong;
            if (saysHowLong)
            {
                context.Response.ContentLength64 = 1L << 40;
            }

            for (var block = new byte[1 << 20]; ;)
            {
                await context.Response.OutputStream.WriteAsync(block, stop.Token);
            }
        });
        var error = await Download();

        StringAssert.Contains(error.Message, "MB");
        StringAssert.Contains(error.Message, "--data");
        Assert.IsEmpty(Directory.GetFiles(_folder));
        await stop.CancelAsync();
        _server.Close();
        await Assert.ThrowsAsync<Exception>(() => served);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public async Task A_server_that_falls_silent_is_given_up(bool answers)
    {
        var answered = new TaskCompletionSource();
        var served = Task.Run(async () =>
        {
            var context = await _server.GetContextAsync();
            if (answers)
            {
                await context.Response.OutputStream.WriteAsync(new byte[1000]);
                await context.Response.OutputStream.FlushAsync();
            }

            await answered.Task;
        });
        var error = await Download(stall: TimeSpan.FromSeconds(0.3));

        StringAssert.Contains(error.Message, "nothing");
        StringAssert.Contains(error.Message, "--data");
        Assert.IsEmpty(Directory.GetFiles(_folder));
        answered.SetResult();
        await served;
    }

    [TestMethod]
    public async Task A_connection_that_breaks_off_is_named()
    {
        var served = Task.Run(async () =>
        {
            var context = await _server.GetContextAsync();
            context.Response.ContentLength64 = 1000;
            await context.Response.OutputStream.WriteAsync(new byte[10]);
            await context.Response.OutputStream.FlushAsync();
            context.Response.Abort();
        });
        var error = await Download();

        StringAssert.Contains(error.Message, _address.ToString());
        StringAssert.Contains(error.Message, "--data");
        await served;
    }

    [TestMethod]
    public async Task What_a_killed_download_left_is_removed_and_what_another_one_writes_is_not()
    {
        var (left, held) = (Temporary("train-images-idx3-ubyte.gz"), Temporary("t10k-labels-idx1-ubyte.gz"));
        var foreign = Path.Combine(_folder, "train-images-idx3-ubyte.gz.mine.tmp");
        File.WriteAllText(left, "half");
        File.WriteAllText(foreign, "mine");
        using var writing = new FileStream(held, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        var served = Serve(404, []);
        await Download();
        await served;

        CollectionAssert.AreEquivalent((string[])[held, foreign], Directory.GetFiles(_folder));

        string Temporary(string name) => Path.Combine(_folder, $"{name}.{Guid.NewGuid():N}.tmp");
    }

    private Task<InvalidOperationException> Download(TimeSpan? stall = null) => Assert.ThrowsExactlyAsync<InvalidOperationException>(
        () => new FashionMnistDownload(_address, _folder, TextWriter.Null) { LongestSilence = stall ?? TimeSpan.FromMinutes(1) }
            .Run(TestContext.CancellationToken));

    private static void Redirect(HttpListenerContext context, Uri target)
    {
        context.Response.Redirect(target.ToString());
        context.Response.Close();
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
