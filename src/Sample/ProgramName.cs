namespace ResNetMLNet.Sample;

/// <summary>How the program is called.</summary>
internal static class ProgramName
{
    /// <summary>As an installed tool.</summary>
    public const string Short = "resnet";

    /// <summary>So that what is printed can be typed: as an installed tool, or from its sources.</summary>
    public static string Typed { get; } =
        Path.GetDirectoryName(Environment.ProcessPath) == Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)
            ? "dotnet run -c Release --project src/Sample --"
            : Short;
}
