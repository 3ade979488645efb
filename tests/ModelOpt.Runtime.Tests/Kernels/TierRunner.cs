using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Simd;

namespace ModelOpt.Runtime.Tests.Kernels;

/// <summary>
/// Runs the kernel tests once more in a process of their own, where an environment variable of the .NET runtime switches
/// instruction sets off: <c>dotnet ModelOpt.Runtime.Tests.dll TIER</c>.
/// </summary>
internal static class TierRunner
{
    /// <summary>The test methods of this folder and of Operators, those that start processes excepted.</summary>
    public static IReadOnlyList<MethodInfo> Methods { get; } =
    [
        .. typeof(TierRunner).Assembly.GetTypes()
            .Where(type => type.Namespace == typeof(TierRunner).Namespace || type.Namespace == typeof(Operators.OperatorTesting).Namespace)
            .Where(type => type != typeof(TierTests))
            .Where(type => type.GetCustomAttribute<TestClassAttribute>() is not null)
            .OrderBy(type => type.Name, StringComparer.Ordinal)
            .SelectMany(type => type.GetMethods())
            .Where(method => method.GetCustomAttribute<TestMethodAttribute>() is not null),
    ];

    /// <summary>Starts this assembly with <c>DOTNET_<paramref name="variable"/>=0</c>; returns exit code and output.</summary>
    public static (int ExitCode, string Output) Start(string variable, SimdTier expected)
    {
        string dotnet = Path.GetFullPath(
            Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        var start = new ProcessStartInfo(dotnet, [typeof(TierRunner).Assembly.Location, expected.ToString()])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_" + variable] = "0";
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }

    private static int Main(string[] args)
    {
        if (args.Length != 1 || SimdTiers.Best.ToString() != args[0])
        {
            Console.WriteLine($"The widest tier is {SimdTiers.Best}; expected: {string.Join(' ', args)}.");
            return 2;
        }

        int failures = 0;
        foreach (MethodInfo method in Methods)
        {
            object?[]?[] rows = [.. method.GetCustomAttributes<DataRowAttribute>().Select(row => row.Data)];
            foreach (object?[]? row in rows.Length == 0 ? [null] : rows)
            {
                try
                {
                    method.Invoke(Activator.CreateInstance(method.DeclaringType!), row);
                }
                catch (TargetInvocationException e)
                {
                    failures++;
                    Console.WriteLine($"{method.DeclaringType!.Name}.{method.Name}: {e.InnerException!.Message}");
                }
            }
        }

        Console.WriteLine($"{Methods.Count} methods, {failures} failures");
        return failures == 0 ? 0 : 1;
    }
}
