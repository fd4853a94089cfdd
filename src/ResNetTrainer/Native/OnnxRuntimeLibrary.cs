using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace ResNetMLNet.Native;

/// <summary>ONNX Runtime's native library, which the application may or may not bring.</summary>
internal static class OnnxRuntimeLibrary
{
    private static readonly Lazy<bool> _isUsable = new(Probe);

    /// <summary>Whether it is there, in a version that the managed part takes.</summary>
    public static bool IsUsable => _isUsable.Value;

    // Asked for before anything of it is used: its classes cannot be used again in the process once their initialisation failed.
    private static bool Probe()
    {
        if (!NativeLibrary.TryLoad("onnxruntime", typeof(InferenceSession).Assembly, null, out _))
        {
            return false;
        }

        try
        {
            using var options = new SessionOptions();
            return true;
        }
        catch (Exception e) when (e is TypeInitializationException or OnnxRuntimeException or EntryPointNotFoundException)
        {
            // Windows has an older one of its own.
            return false;
        }
    }
}
