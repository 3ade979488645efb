using System.Reflection;

namespace ModelOpt.Runtime.Tests.Kernels;

/// <summary>Runs tests once more in a <see cref="ChildProcess"/> that lacks instruction sets or assembled code.</summary>
internal static class TierRunner
{
    /// <summary>The test methods of this folder and of Operators, those that start processes excepted.</summary>
    public static IReadOnlyList<MethodInfo> Methods { get; } =
    [
        .. typeof(TierRunner).Assembly.GetTypes()
            .Where(type => type.Namespace is { } name
                && (name + ".").StartsWith(typeof(TierRunner).Namespace + ".", StringComparison.Ordinal))
            .Where(type => type != typeof(TierTests))
            .OrderBy(type => type.Name, StringComparer.Ordinal)
            .SelectMany(TestMethods),
    ];

    /// <summary>Runs all of <see cref="Methods"/> if the widest tier is the expected one; 0 if all pass.</summary>
    public static int Run(string tier)
    {
        if (SimdTiers.Best.ToString() == tier)
            return Run(Methods);
        Console.WriteLine($"The widest tier is {SimdTiers.Best}; expected: {tier}.");
        return 2;
    }

    /// <summary>Runs the methods of a test class; 0 if all pass.</summary>
    public static int Run(Type type) => Run([.. TestMethods(type)]);

    private static IEnumerable<MethodInfo> TestMethods(Type type) => type.GetCustomAttribute<TestClassAttribute>() is null
        ? []
        : type.GetMethods().Where(method => method.GetCustomAttribute<TestMethodAttribute>() is not null);

    // Code that was compiled ahead of time reads the arguments of an attribute as one array.
    private static object?[]? Arguments(DataRowAttribute row) => row.Data is [object?[] all] ? all : row.Data;

    private static int Run(IReadOnlyList<MethodInfo> methods)
    {
        int failures = 0;
        foreach (MethodInfo method in methods)
        {
            object?[]?[] rows = [.. method.GetCustomAttributes<DataRowAttribute>().Select(Arguments)];
            foreach (object?[]? row in rows.Length == 0 ? [null] : rows)
            {
                try
                {
                    method.Invoke(Activator.CreateInstance(method.DeclaringType!), row);
                }
                catch (Exception e) when (e is TargetInvocationException or TargetParameterCountException)
                {
                    failures++;
                    Console.WriteLine($"{method.DeclaringType!.Name}.{method.Name}: {(e.InnerException ?? e).Message}");
                }
            }
        }

        Console.WriteLine($"{methods.Count} methods, {failures} failures");
        return failures == 0 ? 0 : 1;
    }
}
