using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>When a pass runs.</summary>
internal enum PassPhase
{
    /// <summary>Same function, fewer nodes. These passes repeat until none changes anything.</summary>
    Simplify,

    /// <summary>The file's grids become grids that integer kernels take.</summary>
    Legalize,

    /// <summary>Same function, in a form that the following lose less of.</summary>
    Prepare,

    /// <summary>Layers become smaller: fewer channels, fewer components.</summary>
    Shrink,

    /// <summary>Weights become zero or take few distinct values; constraints keep them so.</summary>
    Constrain,

    /// <summary>Numbers become integers, or are stored in fewer bits.</summary>
    Quantize,

    /// <summary>Weights are trained within their constraints and grids.</summary>
    FineTune,

    /// <summary>The model takes the caller's data.</summary>
    Interface,
}

/// <summary>One rewriting of the graph. A pass is one file and one test.</summary>
internal abstract class Pass
{
    /// <summary>The name in reports: the class's own.</summary>
    public string Name => GetType().Name;

    /// <summary>When it runs.</summary>
    public abstract PassPhase Phase { get; }

    /// <summary>Rewrites the graph, or leaves it as it is.</summary>
    /// <param name="context">Options and the way out for diagnostics.</param>
    public abstract PassResult Apply(Graph graph, PassContext context);
}

/// <summary>The result of a pass.</summary>
/// <param name="Notes">What it left unchanged, with the reason.</param>
internal sealed record PassResult(int Changes, IReadOnlyList<PassNote> Notes)
{
    /// <summary>A result without notes.</summary>
    public static PassResult Of(int changes) => new(changes, []);
}
