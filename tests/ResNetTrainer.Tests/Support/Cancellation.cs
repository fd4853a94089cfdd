namespace ResNetMLNet.Tests.Support;

/// <summary>Cancelling at a moment that a callback recognises.</summary>
internal static class Cancellation
{
    public static void CancelIf(this CancellationTokenSource source, bool isNow)
    {
        if (isNow)
        {
            source.Cancel();
        }
    }
}
