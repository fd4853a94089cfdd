using Mono.Cecil;
using Mono.Cecil.Cil;
using TorchSharp;

namespace ResNetMLNet.Tests.Architecture;

/// <summary>
/// A number that libtorch is given is a managed <see cref="Scalar"/> with a native one behind it, which its finalizer frees. TorchSharp
/// reads the native one and lets go of the managed one before the call is done: where the collector runs in between, libtorch reads
/// freed memory. So every number that we pass is held, in a field or by a <c>using</c>, and no method of TorchSharp is called that makes
/// one for itself and lets go of it.
/// </summary>
[TestClass]
public class NativeNumberTests
{
    private static readonly ModuleDefinition Library = ModuleDefinition.ReadModule(typeof(ResNetTrainer).Assembly.Location);

    private static readonly Dictionary<string, MethodDefinition> Torch = ModuleDefinition.ReadModule(typeof(torch).Assembly.Location)
        .GetTypes().SelectMany(type => type.Methods).Where(method => method.HasBody)
        .DistinctBy(method => method.FullName).ToDictionary(method => method.FullName);

    private static readonly Dictionary<string, bool> Known = [];

    [TestMethod]
    public void No_number_that_libtorch_is_given_is_left_to_the_collector()
    {
        var violations =
            from method in Library.GetTypes().SelectMany(type => type.Methods)
            where method.HasBody
            from call in Calls(method)
            let callee = ((MethodReference)call.Operand).GetElementMethod().FullName
            where MakesNumber((MethodReference)call.Operand) ? !IsKept(call) : LetsGoOfNumber(callee)
            select $"{method.FullName} calls {callee}";

        Assert.AreEqual("", string.Join(Environment.NewLine, violations.Distinct().Order()));
    }

    private static IEnumerable<Instruction> Calls(MethodDefinition method) =>
        method.Body.Instructions.Where(instruction => instruction.Operand is MethodReference);

    private static bool MakesNumber(MethodReference callee) =>
        callee.ReturnType.FullName == typeof(Scalar).FullName && callee.Name is "op_Implicit" or "ToScalar";

    // A local variable that a `using` disposes, or a static field.
    private static bool IsKept(Instruction call) =>
        call.Next.OpCode.Code is Code.Stsfld or Code.Stloc or Code.Stloc_S or Code.Stloc_0 or Code.Stloc_1 or Code.Stloc_2 or Code.Stloc_3;

    private static bool LetsGoOfNumber(string name)
    {
        if (Known.TryGetValue(name, out var known) || !Torch.TryGetValue(name, out var method))
        {
            return known;
        }

        Known[name] = false;
        return Known[name] = Calls(method).Any(call => MakesNumber((MethodReference)call.Operand)
            ? !IsKept(call)
            : LetsGoOfNumber(((MethodReference)call.Operand).GetElementMethod().FullName));
    }
}
