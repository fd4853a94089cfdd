using System.Text;

namespace ResNetMLNet.Sample;

/// <summary>
/// Shows names in any script on a console of Windows, which has an old code page, for as long as the program runs. What is redirected is
/// left as it is: whoever reads it decodes it by a setting of theirs.
/// </summary>
internal sealed class ConsoleEncoding : IDisposable
{
    private readonly Encoding? _before;

    public ConsoleEncoding()
    {
        if (!OperatingSystem.IsWindows() || Console.IsOutputRedirected)
        {
            return;
        }

        try
        {
            _before = Console.OutputEncoding;
            Console.OutputEncoding = Encoding.UTF8;
        }
        catch (IOException)
        {
            // No console that could be told.
            _before = null;
        }
    }

    public void Dispose()
    {
        if (_before is not null)
        {
            Console.OutputEncoding = _before;
        }
    }
}
