namespace ModelOpt.Cli.Bench;

/// <summary>A model loaded into an engine with inputs that stay, ready to be run again and again.</summary>
internal interface IContender : IDisposable
{
    /// <summary>The engine's name, as results show it.</summary>
    string Name { get; }

    /// <summary>Computes the outputs of all samples once, from inputs to results, without allocating managed memory.</summary>
    void Run();
}
