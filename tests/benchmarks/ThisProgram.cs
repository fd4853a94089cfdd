namespace ResNetMLNet.Benchmarks;

/// <summary>This program, to be started anew.</summary>
internal static class ThisProgram
{
    /// <summary>The program and what it begins with: dotnet is told the assembly.</summary>
    public static string[] Command => Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
        ? [Environment.ProcessPath!, typeof(ThisProgram).Assembly.Location]
        : [Environment.ProcessPath!];
}
