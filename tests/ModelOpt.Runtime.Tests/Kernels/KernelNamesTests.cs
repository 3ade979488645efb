using System.Reflection;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Tests.Kernels;

/// <summary>Kernels and operators are named after what they are, and each has a test class of its name in the folder of its name.</summary>
[TestClass]
internal sealed class KernelNamesTests
{
    private static readonly Type[] Tested =
        [.. typeof(Kernel).Assembly.GetTypes()
            .Where(t => !t.IsAbstract && (t.IsSubclassOf(typeof(Kernel)) || t.IsSubclassOf(typeof(TfliteOperator))))];

    [TestMethod]
    public void Names_say_kernel_or_operator()
    {
        Assert.IsGreaterThan(50, Tested.Length);
        foreach (Type type in Tested)
        {
            Assert.EndsWith(type.IsSubclassOf(typeof(Kernel)) ? "Kernel" : "Operator", NameOf(type), $"{type}");
            Assert.IsFalse(type.IsNested, $"{type} has no file of its own");
        }

        Assert.IsEmpty(typeof(Kernel).Assembly.GetTypes().Where(t => t.Name.Contains("Q8", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void Each_has_a_test_of_its_name()
    {
        string root = typeof(Kernel).Assembly.GetName().Name!;
        string[] untested = [.. Tested
            .Select(t => $"{root}.Tests{t.Namespace![root.Length..]}.{NameOf(t)}Tests")
            .Where(name => typeof(KernelNamesTests).Assembly.GetType(name)?.GetMethods()
                .Any(m => m.GetCustomAttribute<TestMethodAttribute>() is not null) != true)];
        Assert.IsEmpty(untested, string.Join('\n', untested));
    }

    private static string NameOf(Type type) => type.Name.Split('`')[0];
}
