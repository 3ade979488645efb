using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Elementwise;

/// <summary>left ∘ right on numbers, clamped by a fused activation.</summary>
internal sealed class BinaryKernel<T, TOperation>(BroadcastShape shape, T min, T max) : BroadcastKernel(shape)
    where T : unmanaged, INumber<T>, IMinMaxValue<T>
    where TOperation : struct, IBinaryOperation<T>
{
    public override void Run(in KernelArguments args, int start, int end)
    {
        if (Shape.RightRowRepeats && Shape.Length <= ChunkLength)
            RunRows(args, start, end);
        else
            base.Run(args, start, end);
    }

    /// <summary>Rows that all meet the same row of the right operand, such as the factors of channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void RunRows(in KernelArguments args, int start, int end)
    {
        int length = Shape.Length;
        ref T a = ref Unsafe.Add(ref MemoryMarshal.GetReference(args.Input<T>(0)), start * length);
        ref T b = ref MemoryMarshal.GetReference(args.Input<T>(1));
        ref T c = ref Unsafe.Add(ref MemoryMarshal.GetReference(args.Output<T>(0)), start * length);
        Vector<T> low = new(min), high = new(max);
        for (int row = start; row < end; row++)
        {
            int i = 0;
            for (; i <= length - Vector<T>.Count; i += Vector<T>.Count)
            {
                Vector<T> value = TOperation.Apply(Read(ref Unsafe.Add(ref a, i)), Read(ref Unsafe.Add(ref b, i)));
                Vector<T> result = Vector.Min(Vector.Max(value, low), high);
                Unsafe.WriteUnaligned(ref Unsafe.As<T, byte>(ref Unsafe.Add(ref c, i)), result);
            }

            for (; i < length; i++)
                Unsafe.Add(ref c, i) = T.Min(T.Max(TOperation.Apply(Unsafe.Add(ref a, i), Unsafe.Add(ref b, i)), min), max);
            a = ref Unsafe.Add(ref a, length);
            c = ref Unsafe.Add(ref c, length);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Run(in KernelArguments args, int left, int right, int output, int length)
    {
        ref T a = ref Unsafe.Add(ref MemoryMarshal.GetReference(args.Input<T>(0)), left);
        ref T b = ref Unsafe.Add(ref MemoryMarshal.GetReference(args.Input<T>(1)), right);
        ref T c = ref Unsafe.Add(ref MemoryMarshal.GetReference(args.Output<T>(0)), output);
        int stepA = Shape.LeftRepeats ? 0 : 1, stepB = Shape.RightRepeats ? 0 : 1;
        Vector<T> low = new(min), high = new(max);
        int i = 0;
        for (; i <= length - Vector<T>.Count; i += Vector<T>.Count)
        {
            Vector<T> x = stepA == 0 ? new Vector<T>(a) : Read(ref Unsafe.Add(ref a, i));
            Vector<T> y = stepB == 0 ? new Vector<T>(b) : Read(ref Unsafe.Add(ref b, i));
            Vector<T> result = Vector.Min(Vector.Max(TOperation.Apply(x, y), low), high);
            Unsafe.WriteUnaligned(ref Unsafe.As<T, byte>(ref Unsafe.Add(ref c, i)), result);
        }
        for (; i < length; i++)
        {
            T value = TOperation.Apply(Unsafe.Add(ref a, i * stepA), Unsafe.Add(ref b, i * stepB));
            Unsafe.Add(ref c, i) = T.Min(T.Max(value, min), max);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<T> Read(ref T source) => Unsafe.ReadUnaligned<Vector<T>>(ref Unsafe.As<T, byte>(ref source));
}
