using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>left ∘ right on int8 or uint8 values. uint8 is computed as int8, zero points 128 lower, the top bit flipped.</summary>
/// <param name="shape">How the operands broadcast.</param>
/// <param name="operation">The function.</param>
/// <param name="zeroPoint">Added after rounding.</param>
/// <param name="min">Lowest result, in int8's range.</param>
/// <param name="max">Highest result.</param>
/// <param name="flip">0x80 for uint8.</param>
/// <param name="tier">Vector width.</param>
internal sealed unsafe class BinaryInt8Kernel<TOperation>(
    BroadcastShape shape, TOperation operation, int zeroPoint, int min, int max, byte flip, SimdTier tier) : BroadcastKernel(shape)
    where TOperation : struct, IQuantizedOperation
{
    // Short rows leave vectors unfilled; a repeated right operand is laid out over as many rows as make this length.
    private const int TileLength = 1024;

    private readonly int _tileRows = shape.RightRowRepeats && shape.Length < TileLength
        ? Math.Min((TileLength + shape.Length - 1) / shape.Length, shape.Rows)
        : 0;

    private readonly float _low = min - zeroPoint;
    private readonly float _high = max - zeroPoint;

    public override int ScratchBytes => _tileRows * Shape.Length;

    public override int Items => _tileRows == 0 ? base.Items : (Shape.Rows + _tileRows - 1) / _tileRows;

    public override void Run(in KernelArguments args, int start, int end)
    {
        if (_tileRows == 0)
        {
            base.Run(args, start, end);
            return;
        }
        Span<byte> tile = args.Scratch<byte>()[..ScratchBytes];
        int filled = Shape.Length;
        args.Input<byte>(1)[..filled].CopyTo(tile);
        for (; filled < tile.Length; filled = Math.Min(2 * filled, tile.Length))
            tile[..Math.Min(filled, tile.Length - filled)].CopyTo(tile[filled..]);
        int last = Math.Min(Shape.Rows, end * _tileRows) * Shape.Length;
        fixed (byte* left = args.Input<byte>(0), right = tile, output = args.Output<byte>(0))
        {
            for (int i = start * tile.Length; i < last; i += tile.Length)
                Run(left + i, right, output + i, Math.Min(tile.Length, last - i));
        }
    }

    protected override void Run(in KernelArguments args, int left, int right, int output, int length)
    {
        fixed (byte* a = args.Input<byte>(0), b = args.Input<byte>(1), c = args.Output<byte>(0))
            Run(a + left, b + right, c + output, length);
    }

    private void Run(byte* a, byte* b, byte* c, int length)
    {
        switch (tier)
        {
            case SimdTier.Vector512:
                Run<Lanes512, Vector512<float>>(a, b, c, length);
                break;
            case SimdTier.Vector256:
                Run<Lanes256, Vector256<float>>(a, b, c, length);
                break;
            case SimdTier.Vector128:
                Run<Lanes128, Vector128<float>>(a, b, c, length);
                break;
            default:
                Run<Lanes1, float>(a, b, c, length);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Run<TLanes, V>(byte* a, byte* b, byte* c, int length)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        if (length < TLanes.Count)
        {
            byte* rest = stackalloc byte[3 * 16];
            Unsafe.CopyBlockUnaligned(rest, a, (uint)(Shape.LeftRepeats ? 1 : length));
            Unsafe.CopyBlockUnaligned(rest + 16, b, (uint)(Shape.RightRepeats ? 1 : length));
            Run<TLanes, V>(rest, rest + 16, rest + 32, TLanes.Count);
            Unsafe.CopyBlockUnaligned(c, rest + 32, (uint)length);
            return;
        }
        bool repeatA = Shape.LeftRepeats, repeatB = Shape.RightRepeats;
        TOperation function = operation;
        int offset = zeroPoint + flip;
        Vector128<byte> xor = Vector128.Create((byte)(flip ^ 0x80));
        V low = TLanes.Create(_low), high = TLanes.Create(_high);
        V oneA = TLanes.Create(*a ^ flip ^ 0x80), oneB = TLanes.Create(*b ^ flip ^ 0x80);
        for (int i = 0; i < length; i += TLanes.Count)
        {
            // The last vector ends with the row and recomputes the elements that it shares with the one before.
            int at = Math.Min(i, length - TLanes.Count);
            V x = repeatA ? oneA : TLanes.LoadByte(a + at, xor), y = repeatB ? oneB : TLanes.LoadByte(b + at, xor);
            TLanes.StoreByte(c + at, TLanes.Clamp(function.Apply<TLanes, V>(x, y), low, high), offset);
        }
    }
}
