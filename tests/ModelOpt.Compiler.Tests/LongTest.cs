namespace ModelOpt.Compiler.Tests;

/// <summary>Tests that take too long for every run of <c>dotnet test</c>.</summary>
internal static class LongTest
{
    /// <summary>Ends the test as inconclusive unless <c>MODELOPT_LONG_TESTS=1</c>, which <c>.ci/run</c> sets.</summary>
    public static void Require()
    {
        if (Environment.GetEnvironmentVariable("MODELOPT_LONG_TESTS") != "1") Assert.Inconclusive("runs with MODELOPT_LONG_TESTS=1");
    }
}
