using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Techniques.Channels;

/// <summary>How nodes tie the channels (axis 1) of what they read and write, by the routes of their axes.</summary>
internal static class ChannelRules
{
    /// <summary>
    /// Ties the channels that a node's values have in common, and blocks those that are on no route that can be followed.
    /// </summary>
    public static void Link(ChannelLinks links, Node node)
    {
        AxisRoute[] routes = [.. Operator.Of(node).Axes(node)];
        HashSet<(AxisPlace Place, int Channel)> followed = [];
        foreach (AxisRoute route in routes.Where(r => WhyNot(node, r) is null))
        {
            Dictionary<int, (Value Value, int Channel)> first = [];
            foreach ((AxisPlace place, Value value) in Activations(node, route))
            {
                for (int c = 0; c < links.Count(value); c++)
                {
                    if (place.LabelOf(c) is not (>= 0 and var label)) continue;
                    followed.Add((place with { Labels = null }, c));
                    if (first.TryAdd(label, (value, c))) continue;
                    links.Join(first[label].Value, first[label].Channel, value, c);
                }
            }
        }

        foreach (AxisPlace place in Places(node))
        {
            Value value = place.ValueOf(node)!;
            for (int c = 0; c < links.Count(value); c++)
            {
                if (!followed.Contains((place, c))) links.Block(value, c, $"{node.Label} ({node.Type}) {Reason(node, routes, place, c)}");
            }
        }
    }

    /// <summary>The axes of a node's constants that lose elements with the channels of what it reads and writes.</summary>
    /// <param name="kept">The channels that stay of a value; null where all do.</param>
    /// <returns>The input, its axis, and the indices that stay.</returns>
    public static IEnumerable<(int Input, int Axis, int[] Kept)> Parameters(Node node, Func<Value, int[]?> kept)
    {
        foreach (AxisRoute route in Operator.Of(node).Axes(node).Where(r => WhyNot(node, r) is null))
        {
            HashSet<int> gone = [];
            foreach ((AxisPlace place, Value value) in Activations(node, route))
            {
                if (kept(value) is not { } stay) continue;
                gone.UnionWith(Enumerable.Range(0, (int)value.Shape![1].Size).Except(stay).Select(place.LabelOf));
            }

            gone.Remove(-1);
            if (gone.Count == 0) continue;
            foreach (AxisPlace place in route.Places.Where(p => p.ValueOf(node) is { IsConstant: true }))
            {
                int length = node.Input(place.Position).Constant!.Dims[place.Axis];
                yield return (place.Position, place.Axis, [.. Enumerable.Range(0, length).Where(i => !gone.Contains(place.LabelOf(i)))]);
            }
        }
    }

    /// <summary>Whether a node is a convolution or dense layer whose weights can be cut.</summary>
    public static bool IsLayer(Node node) => OutputAffine.IsLayer(node) && !node.Input(0).IsConstant;

    /// <summary>Where a node's values that are computed have their channels.</summary>
    private static IEnumerable<AxisPlace> Places(Node node) => Enumerable.Range(0, node.Inputs.Count).Select(i => AxisPlace.In(i, 1))
        .Concat(Enumerable.Range(0, node.Outputs.Count).Select(i => AxisPlace.Out(i, 1)))
        .Where(p => p.ValueOf(node) is { IsConstant: false });

    private static IEnumerable<(AxisPlace Place, Value Value)> Activations(Node node, AxisRoute route) =>
        route.Places.Where(p => p.ValueOf(node) is { IsConstant: false }).Select(p => (p, p.ValueOf(node)!));

    /// <summary>Why a route is not followed from channels to channels; null where it is.</summary>
    private static string? WhyNot(Node node, AxisRoute route)
    {
        foreach (AxisPlace place in route.Places)
        {
            if (place.ValueOf(node) is not { } value) continue;
            if (value.IsConstant && !OutputAffine.IsFree(value)) return "has weights that lie on a grid";
            if (!value.IsConstant && place.Axis != 1) return "moves the channels to another axis";
            if (!value.IsConstant && value.Shape![1].Size < 1) return "has channels of unknown number";
        }

        return route.IsRigid ? "reads its channels from places that it computes" : null;
    }

    private static string Reason(Node node, AxisRoute[] routes, AxisPlace place, int channel) => routes
        .Where(r => r.Places.Any(p => p with { Labels = null } == place && p.LabelOf(channel) >= 0))
        .Select(r => WhyNot(node, r)).FirstOrDefault() ?? "does not keep channels apart";
}
