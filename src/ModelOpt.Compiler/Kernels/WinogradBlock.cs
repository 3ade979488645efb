using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Lanes = System.Runtime.Intrinsics.Vector512<float>;

namespace ModelOpt.Compiler.Kernels;

/// <summary>The sizes of a plane, and how far before it the first window begins.</summary>
internal readonly record struct WinogradPlane(int Height, int Width, int PadTop, int PadLeft)
{
    /// <summary>Its elements.</summary>
    public int Count => Height * Width;
}

/// <summary>Images that are computed together, and how they lie in memory.</summary>
internal readonly unsafe struct WinogradBlock
{
    /// <summary>Sides of a tile of outputs, of a filter, and of the inputs of a tile.</summary>
    public const int Tile = 4, FilterSide = 3, Side = Tile + FilterSide - 1;

    /// <summary>Places in a tile, products of a tile, and taps of a filter.</summary>
    public const int Phases = Tile * Tile, Products = Side * Side, Taps = FilterSide * FilterSide;

    // Transformed inputs and products of the images that are computed at a time should stay in the second-level cache, in elements.
    private const int BlockElements = 230_000;

    private readonly WinogradConv _conv;

    /// <summary>As many images as are best computed together.</summary>
    public WinogradBlock(WinogradConv conv, int images)
    {
        int fitting = Math.Max(1, BlockElements / (Products * (conv.Inputs + conv.Outputs) * conv.TilesDown * conv.PitchOfImage));
        int blocks = Math.Max(1, (images + fitting - 1) / fitting);
        this = new WinogradBlock(conv, (images + blocks - 1) / blocks, conv.TilesDown);
    }

    private WinogradBlock(WinogradConv conv, int images, int tilesDown)
    {
        (_conv, Images) = (conv, images);
        Pitch = images * conv.PitchOfImage;
        Run = (tilesDown * Pitch) - 1;
        Columns = Padded(Run);
        PhaseLength = ((tilesDown + 1) * Pitch) + (2 * Lanes.Count);
        (InputStep, OutputStep) = (Step(conv.Inputs, Columns), Step(conv.Outputs, Columns));
    }

    /// <summary>How many images.</summary>
    public int Images { get; }

    /// <summary>From one row of tiles to the next.</summary>
    public int Pitch { get; }

    /// <summary>From the first tile to the last.</summary>
    public int Run { get; }

    /// <summary>Of the matrices: the run, in whole vectors.</summary>
    public int Columns { get; }

    /// <summary>Elements of a phase of an input plane.</summary>
    public int PhaseLength { get; }

    /// <summary>From one product's matrix of inputs to the next.</summary>
    public nint InputStep { get; }

    /// <summary>From one product's matrix of outputs to the next.</summary>
    public nint OutputStep { get; }

    /// <summary>Elements of all matrices of inputs.</summary>
    public int InputElements => checked((int)(Products * InputStep));

    /// <summary>Elements of all matrices of outputs.</summary>
    public int OutputElements => checked((int)(Products * OutputStep));

    /// <summary>Elements of all memory but that of the filters.</summary>
    public int Elements => checked(InputElements + OutputElements + (Phases * Math.Max(PhaseLength, Columns)) + Lanes.Count);

    /// <summary>The same for another number of images.</summary>
    public WinogradBlock Of(int images) => images == Images ? this : new WinogradBlock(_conv, images, _conv.TilesDown);

    /// <summary>From the matrix of one product to the next: vectors may reach beyond its end.</summary>
    public static nint Step(int rows, int columns) => ((nint)rows * columns) + Lanes.Count;

    private static int Padded(int columns) => (columns + Lanes.Count - 1) / Lanes.Count * Lanes.Count;

    /// <summary>
    /// Puts a plane into its phases: row y, column x of the padded plane is at (y / 4, x / 4) of phase (y mod 4, x mod 4).
    /// </summary>
    /// <param name="plane">[H, W].</param>
    /// <param name="phases">Takes them, each of <see cref="PhaseLength"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Split(float* plane, in WinogradPlane shape, float* phases)
    {
        nint phase = PhaseLength;
        int pitch = Pitch;
        (int height, int width, int padTop, int padLeft) = shape;
        for (int y = 0; y < height; y++, plane += width)
        {
            float* row = phases + ((y + padTop) % Tile * Tile * phase) + ((y + padTop) / Tile * pitch);
            float* p0 = row + (padLeft % Tile * phase) + (padLeft / Tile),
                p1 = row + ((padLeft + 1) % Tile * phase) + ((padLeft + 1) / Tile);
            float* p2 = row + ((padLeft + 2) % Tile * phase) + ((padLeft + 2) / Tile),
                p3 = row + ((padLeft + 3) % Tile * phase) + ((padLeft + 3) / Tile);
            int x = 0;
            for (; Sse.IsSupported && x <= width - Phases; x += Phases, p0 += Tile, p1 += Tile, p2 += Tile, p3 += Tile)
            {
                (Vector128<float> a, Vector128<float> b, Vector128<float> c, Vector128<float> d) = Transposed(
                    Vector128.Load(plane + x), Vector128.Load(plane + x + 4), Vector128.Load(plane + x + 8),
                    Vector128.Load(plane + x + 12));
                a.Store(p0);
                b.Store(p1);
                c.Store(p2);
                d.Store(p3);
            }

            for (; x <= width - Tile; x += Tile)
                (*p0++, *p1++, *p2++, *p3++) = (plane[x], plane[x + 1], plane[x + 2], plane[x + 3]);
            if (x < width) *p0 = plane[x];
            if (x + 1 < width) *p1 = plane[x + 1];
            if (x + 2 < width) *p2 = plane[x + 2];
        }
    }

    /// <summary>Makes a plane of the phases of an output.</summary>
    /// <param name="plane">Takes [OH, OW].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Join(float* phases, float* plane, in WinogradPlane shape)
    {
        nint phase = Columns;
        int pitch = Pitch;
        (int height, int width, _, _) = shape;
        for (int y = 0; y < height; y++, plane += width)
        {
            float* p0 = phases + (y % Tile * Tile * phase) + (y / Tile * pitch), p1 = p0 + phase, p2 = p1 + phase, p3 = p2 + phase;
            int x = 0;
            for (; Sse.IsSupported && x <= width - Phases; x += Phases, p0 += Tile, p1 += Tile, p2 += Tile, p3 += Tile)
            {
                (Vector128<float> a, Vector128<float> b, Vector128<float> c, Vector128<float> d) = Transposed(
                    Vector128.Load(p0), Vector128.Load(p1), Vector128.Load(p2), Vector128.Load(p3));
                a.Store(plane + x);
                b.Store(plane + x + 4);
                c.Store(plane + x + 8);
                d.Store(plane + x + 12);
            }

            for (; x <= width - Tile; x += Tile)
                (plane[x], plane[x + 1], plane[x + 2], plane[x + 3]) = (*p0++, *p1++, *p2++, *p3++);
            if (x < width) plane[x] = *p0;
            if (x + 1 < width) plane[x + 1] = *p1;
            if (x + 2 < width) plane[x + 2] = *p2;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector128<float> A, Vector128<float> B, Vector128<float> C, Vector128<float> D) Transposed(
        Vector128<float> a, Vector128<float> b, Vector128<float> c, Vector128<float> d)
    {
        Vector128<float> ab = Sse.UnpackLow(a, b), cd = Sse.UnpackLow(c, d), abHigh = Sse.UnpackHigh(a, b), cdHigh = Sse.UnpackHigh(c, d);
        return (Sse.MoveLowToHigh(ab, cd), Sse.MoveHighToLow(cd, ab), Sse.MoveLowToHigh(abHigh, cdHigh), Sse.MoveHighToLow(cdHigh, abHigh));
    }
}
