using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace ResNetMLNet.MLNet;

/// <summary>Errors and messages as ML.NET's own components make them.</summary>
internal static class HostExtensions
{
    /// <summary>An InvalidOperationException as ML.NET throws it.</summary>
    public static Exception Error(this IExceptionContext context, string message) => context.Except(message);

    /// <inheritdoc cref="Error(IExceptionContext, string)"/>
    public static Exception Error(this IExceptionContext context, Exception inner, string message) => context.Except(inner, message);

    /// <summary>Throws an InvalidOperationException where an option is not what it must be.</summary>
    public static void Require(this IExceptionContext context, bool holds, string option, object? value, string wanted)
    {
        if (!holds)
        {
            throw context.Error($"The option {option} is {value}, but it must be {wanted}.");
        }
    }

    /// <summary>An ArgumentOutOfRangeException for a column that is missing.</summary>
    public static Exception MissingColumn(this IExceptionContext context, string role, string name) =>
        context.ExceptSchemaMismatch("inputSchema", role, name);

    /// <summary>The same, with what may be the reason.</summary>
    public static Exception MissingColumn(this IExceptionContext context, string role, string name, string hint) =>
        context.ExceptParam("inputSchema", $"Could not find {role} column '{name}'. {hint}");

    /// <summary>An ArgumentOutOfRangeException for a column of the wrong type.</summary>
    public static Exception MistypedColumn(this IExceptionContext context, string role, string name, string expected, string? actual) =>
        context.ExceptSchemaMismatch("inputSchema", role, name, expected, actual);

    /// <inheritdoc cref="MistypedColumn(IExceptionContext, string, string, string, string)"/>
    public static Exception MistypedColumn(this IExceptionContext context, string role, SchemaShape.Column column, string expected) =>
        context.MistypedColumn(role, column.Name, expected, column.GetTypeString());

    /// <summary>Throws if the context's execution was cancelled.</summary>
    public static void ThrowIfCancelled(this IHost host) => host.CheckAlive();

    /// <summary>Whether the context's execution was cancelled.</summary>
    public static bool IsCancelled(this IHost host) => host is ICancelable { IsCanceled: true };

    /// <summary>A channel to mlContext.Log whose failing ends nothing.</summary>
    public static IChannel OpenChannel(this IHost host, string name) => new SafeChannel(host, name);

    /// <summary>Writes to mlContext.Log.</summary>
    public static void Log(this IChannel channel, string message) => channel.Info(MessageSensitivity.None, "{0}", message);

    /// <summary>Writes a warning to mlContext.Log.</summary>
    public static void Warn(this IChannel channel, string message) => channel.Warning(MessageSensitivity.None, "{0}", message);
}
