using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace ResNetMLNet.Native;

/// <summary>ONNX Runtime's native library, which the application may or may not bring.</summary>
internal static class OnnxRuntimeLibrary
{
    /// <summary>The package's version that the managed part is of; an older native library is not used.</summary>
    public const string LeastVersion = "1.31.1";

    private const string Name = "onnxruntime";
    private const string TelemetrySwitch = "ORT_DISABLE_TELEMETRY";

    private static readonly Lock _gate = new();
    private static bool? _isUsable;

    /// <summary>Whether it is there, in a version that the managed part takes.</summary>
    /// <exception cref="DllNotFoundException">It is there, and there is no memory for it.</exception>
    public static bool IsUsable
    {
        get
        {
            lock (_gate)
            {
                // A failure is not kept: there may be memory the next time.
                return _isUsable ??= Probe();
            }
        }
    }

    /// <summary>Why one that is there is not used, in a sentence; null where there is none, or it is used.</summary>
    public static string? Problem { get; private set; }

    // Asked for before anything of it is used: its classes cannot be used again in the process once their initialisation failed.
    private static bool Probe()
    {
        try
        {
            NativeLibrary.Load(Name, typeof(InferenceSession).Assembly, null);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            if (LoaderErrors.IsMemory(e))
            {
                throw new DllNotFoundException($"ONNX Runtime's native library cannot be loaded. {LoaderErrors.MemoryRemedy}", e);
            }

            Problem = Unloadable();
            return false;
        }

        try
        {
            KeepTelemetryOff();
            using var options = new SessionOptions();
            return true;
        }
        catch (Exception e) when (e is TypeInitializationException or OnnxRuntimeException or EntryPointNotFoundException)
        {
            // Windows has an older one of its own, which is found too where the application's cannot be loaded.
            Problem = Unloadable() ?? "The one that is there is older.";
            return false;
        }
    }

    // By its path the system says why, and nothing else is taken for it.
    private static string? Unloadable()
    {
        if (NativeFiles.Find(Name) is not { } file)
        {
            return null;
        }

        try
        {
            NativeLibrary.Load(file);
            return null;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            var remedy = LoaderErrors.IsMemory(e) ? $"{LoaderErrors.MemoryRemedy} "
                : OperatingSystem.IsWindows() && e is DllNotFoundException
                    ? "Install the current Microsoft Visual C++ Redistributable. "
                : "";
            return $"The native library '{file}' is there, but it cannot be loaded. {remedy}The system says: {LoaderErrors.Reason(e)}";
        }
    }

    // From 1.31 on it writes to the user's cache folder and sends events as soon as its environment is made, which is too early
    // for its managed switch; the one in the native environment counts. It stays as it is where the user has set it, or the
    // application has made the environment.
    private static void KeepTelemetryOff()
    {
        if (OrtEnv.IsCreated || Environment.GetEnvironmentVariable(TelemetrySwitch) is not null)
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            Environment.SetEnvironmentVariable(TelemetrySwitch, "1");
        }
        else
        {
            // .NET's own is a copy that native code does not see.
            SetVariable(TelemetrySwitch, "1", overwrite: 0);
        }

        OrtEnv.Instance().DisableTelemetryEvents();
    }

    [DllImport("libc", EntryPoint = "setenv")]
    private static extern int SetVariable(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string name, [MarshalAs(UnmanagedType.LPUTF8Str)] string value, int overwrite);
}
