using System.Collections.Generic;
using System.IO;
using System.Linq;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Mono.Cecil;

/// <summary>Writes copies of assemblies in which internal types and members are public; to compile against only.</summary>
public sealed class OpenInternals : Task
{
    [Required]
    public ITaskItem[] References { get; set; }

    [Required]
    public ITaskItem[] Names { get; set; }

    [Required]
    public string Folder { get; set; }

    [Output]
    public ITaskItem[] Closed { get; set; }

    [Output]
    public ITaskItem[] Opened { get; set; }

    public override bool Execute()
    {
        var names = new HashSet<string>(Names.Select(name => name.ItemSpec));
        Closed = References.Where(item => names.Contains(Path.GetFileNameWithoutExtension(item.ItemSpec))).ToArray();
        if (Closed.Length != names.Count)
        {
            Log.LogError("Not all of these assemblies are referenced: " + string.Join(", ", names));
            return false;
        }

        Opened = Closed.Select(Open).ToArray();
        return true;
    }

    private ITaskItem Open(ITaskItem closed)
    {
        // A folder for each version: another one is another file, so that what was compiled against the first is compiled again.
        var folder = Path.GetFullPath(Path.Combine(Folder, closed.GetMetadata("NuGetPackageVersion")));
        var path = Path.Combine(folder, Path.GetFileName(closed.ItemSpec));
        if (!File.Exists(path) || File.GetLastWriteTimeUtc(path) < File.GetLastWriteTimeUtc(closed.ItemSpec))
        {
            Directory.CreateDirectory(folder);
            using (var resolver = new DefaultAssemblyResolver())
            {
                foreach (var searched in References.Select(item => Path.GetDirectoryName(item.ItemSpec)).Distinct())
                {
                    resolver.AddSearchDirectory(searched);
                }

                var parameters = new ReaderParameters { AssemblyResolver = resolver };
                using (var assembly = AssemblyDefinition.ReadAssembly(closed.ItemSpec, parameters))
                {
                    foreach (var type in assembly.MainModule.GetTypes())
                    {
                        Open(type);
                    }

                    assembly.Write(path);
                }
            }
        }

        var opened = new TaskItem(path);
        closed.CopyMetadataTo(opened);
        return opened;
    }

    // Only what is internal: protected members must stay what they are, because they are overridden, and private
    // ones are nobody's business.
    private static void Open(TypeDefinition type)
    {
        if (type.IsNestedAssembly || type.IsNestedFamilyAndAssembly)
        {
            type.IsNestedPublic = true;
        }
        else if (type.IsNotPublic)
        {
            type.IsPublic = true;
        }

        foreach (var method in type.Methods.Where(method => method.IsAssembly || method.IsFamilyAndAssembly))
        {
            method.IsPublic = true;
        }

        foreach (var field in type.Fields.Where(field => field.IsAssembly || field.IsFamilyAndAssembly))
        {
            field.IsPublic = true;
        }
    }
}
