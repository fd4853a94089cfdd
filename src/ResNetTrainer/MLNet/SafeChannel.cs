using Microsoft.ML.Runtime;

namespace ResNetMLNet.MLNet;

/// <summary>
/// A channel that swallows what the handlers of mlContext.Log throw, opening and closing included, which write to it too: a full disk or
/// a closed standard output must not end a training.
/// </summary>
internal sealed class SafeChannel : IChannel
{
    private readonly IHost _host;
    private readonly IChannel? _channel;

    public SafeChannel(IHost host, string name)
    {
        _host = host;
        try
        {
            _channel = host.Start(name);
        }
        catch (Exception)
        {
            // Without a channel nothing is written.
        }
    }

    public string ContextDescription => _host.ContextDescription;

    public TException Process<TException>(TException ex)
        where TException : Exception => _host.Process(ex);

    public void Send(ChannelMessage msg) => Try(channel => channel.Send(msg));

    public void Trace(MessageSensitivity sensitivity, string message) => Try(channel => channel.Trace(sensitivity, message));

    public void Trace(MessageSensitivity sensitivity, string fmt, params object[] args) =>
        Try(channel => channel.Trace(sensitivity, fmt, args));

    public void Info(MessageSensitivity sensitivity, string message) => Try(channel => channel.Info(sensitivity, message));

    public void Info(MessageSensitivity sensitivity, string fmt, params object[] args) =>
        Try(channel => channel.Info(sensitivity, fmt, args));

    public void Warning(MessageSensitivity sensitivity, string message) => Try(channel => channel.Warning(sensitivity, message));

    public void Warning(MessageSensitivity sensitivity, string fmt, params object[] args) =>
        Try(channel => channel.Warning(sensitivity, fmt, args));

    public void Error(MessageSensitivity sensitivity, string message) => Try(channel => channel.Error(sensitivity, message));

    public void Error(MessageSensitivity sensitivity, string fmt, params object[] args) =>
        Try(channel => channel.Error(sensitivity, fmt, args));

    public void Dispose() => Try(channel => channel.Dispose());

    private void Try(Action<IChannel> action)
    {
        try
        {
            if (_channel is not null)
            {
                action(_channel);
            }
        }
        catch (Exception)
        {
            // Whoever writes the log has to see to it.
        }
    }
}
