using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace ResNetMLNet.Tests;

[TestClass]
public class PublicSurfaceTests
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance
        | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static Type[] PublicTypes => typeof(ResNetTrainer).Assembly.GetExportedTypes();

    [TestMethod]
    public void No_public_member_has_an_internal_type_in_its_signature()
    {
        var leaks =
            from type in PublicTypes
            from member in type.GetMembers(Declared)
            where IsOpen(member)
            from mentioned in Mentioned(member)
            where !IsVisible(mentioned)
            select $"{type}.{member.Name}: {mentioned}";

        Assert.AreEqual("", string.Join(", ", leaks));
    }

    // Compiled as if it were public, against ML.NET's internals: the real ones are what users compile against. A base type would
    // hand its internal members down to users; an interface that is implemented explicitly shows them nothing, as the consumer's
    // compiling proves.
    [TestMethod]
    public void No_public_type_derives_from_an_internal_one_or_shows_one()
    {
        var leaks =
            from type in PublicTypes
            from other in type.GetInterfaces().Append(type.BaseType ?? typeof(object))
            where !IsVisible(other) && !(other.IsInterface && IsHidden(type, other))
            select $"{type}: {other}";

        Assert.AreEqual("", string.Join(", ", leaks));
    }

    [TestMethod]
    public void The_consumer_uses_every_public_member() => CheckConsumer();

    private static void CheckConsumer([CallerFilePath] string file = "")
    {
        var source = File.ReadAllText(Path.Combine(Path.GetDirectoryName(file)!, "..", "Consumer", "PublicApi.cs"));
        var words = Regex.Matches(source, @"\w+").Select(match => match.Value).ToHashSet();

        var forgotten =
            from type in PublicTypes
            from name in type.GetMembers(Declared & ~BindingFlags.NonPublic)
                .Where(member => member is not (ConstructorInfo or Type) && !IsOfTheCompiler(member))
                .Select(member => member.Name)
                .Append(type.Name)
            where !words.Contains(name) && name is not (nameof(ResNetCatalog) or nameof(ResNetSummaries))
            select $"{type.Name}.{name}";

        Assert.AreEqual("", string.Join(", ", forgotten.Distinct()));
    }

    private static bool IsOfTheCompiler(MemberInfo member) => member switch
    {
        MethodInfo { IsSpecialName: true } => true,
        FieldInfo { IsSpecialName: true } => true,
        MethodInfo { Name: "ToString" or "Equals" or "GetHashCode" or "Deconstruct" or "<Clone>$" } => true,
        _ => false,
    };

    private static bool IsOpen(MemberInfo member) => member switch
    {
        MethodBase method => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly,
        FieldInfo field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly,
        _ => false,
    };

    private static IEnumerable<Type> Mentioned(MemberInfo member) => member switch
    {
        MethodInfo method => method.GetParameters().Select(parameter => parameter.ParameterType)
            .Append(method.ReturnType).Concat(method.GetGenericArguments()),
        ConstructorInfo constructor => constructor.GetParameters().Select(parameter => parameter.ParameterType),
        FieldInfo field => [field.FieldType],
        _ => [],
    };

    private static bool IsHidden(Type type, Type contract) => type.GetInterfaceMap(contract).TargetMethods.All(method => method.IsPrivate);

    private static bool IsVisible(Type type) => type.IsGenericParameter || type.IsVisible;
}
