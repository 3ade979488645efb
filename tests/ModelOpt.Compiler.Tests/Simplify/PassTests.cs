using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Tests.Simplify;

[TestClass]
internal sealed class PassTests
{
    [TestMethod]
    [DataRow(typeof(Pass))]
    [DataRow(typeof(Operator))]
    public void Each_has_tests_of_its_name(Type kind)
    {
        Type[] all = [.. kind.Assembly.GetTypes().Where(t => t.IsSubclassOf(kind) && !t.IsAbstract)];
        Assert.IsGreaterThan(10, all.Length);
        HashSet<string> tests = [.. typeof(PassTests).Assembly.GetTypes()
            .Where(t => t.IsDefined(typeof(TestClassAttribute), inherit: false)).Select(t => t.Name)];
        Assert.AreEqual("", string.Join(", ", all.Select(t => t.Name).Where(name => !tests.Contains($"{name}Tests")).Order()));
    }
}
