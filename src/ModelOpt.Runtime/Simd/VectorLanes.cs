using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ModelOpt.Runtime.Simd;

/// <summary>One vector width for copying and comparing kernels, for elements of any type.</summary>
/// <typeparam name="T">The element.</typeparam>
/// <typeparam name="V">A register of them.</typeparam>
internal unsafe interface IVectorLanes<T, V>
    where T : unmanaged
    where V : unmanaged
{
    static abstract int Count { get; }

    static abstract V Create(T value);

    static abstract V Load(T* source);

    static abstract void Store(T* destination, V value);

    /// <summary>The lower of each pair of lanes; NaN if one is.</summary>
    static abstract V Min(V left, V right);

    /// <summary>The higher of each pair of lanes; NaN if one is.</summary>
    static abstract V Max(V left, V right);
}

/// <summary>One element: kernels instantiated with it are the scalar oracles.</summary>
internal readonly unsafe struct VectorLanes1<T> : IVectorLanes<T, T>
    where T : unmanaged, INumber<T>
{
    public static int Count => 1;

    public static T Create(T value) => value;

    public static T Load(T* source) => *source;

    public static void Store(T* destination, T value) => *destination = value;

    public static T Min(T left, T right) => T.Min(left, right);

    public static T Max(T left, T right) => T.Max(left, right);
}

/// <summary>Elements in one 128-bit register.</summary>
internal readonly unsafe struct VectorLanes128<T> : IVectorLanes<T, Vector128<T>>
    where T : unmanaged, INumber<T>
{
    public static int Count => Vector128<T>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Create(T value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Load(T* source) => Vector128.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(T* destination, Vector128<T> value) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Min(Vector128<T> left, Vector128<T> right) => Vector128.Min(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Max(Vector128<T> left, Vector128<T> right) => Vector128.Max(left, right);
}

/// <summary>Elements in one 256-bit register.</summary>
internal readonly unsafe struct VectorLanes256<T> : IVectorLanes<T, Vector256<T>>
    where T : unmanaged, INumber<T>
{
    public static int Count => Vector256<T>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Create(T value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Load(T* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(T* destination, Vector256<T> value) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Min(Vector256<T> left, Vector256<T> right) => Vector256.Min(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Max(Vector256<T> left, Vector256<T> right) => Vector256.Max(left, right);
}

/// <summary>Elements in one 512-bit register.</summary>
internal readonly unsafe struct VectorLanes512<T> : IVectorLanes<T, Vector512<T>>
    where T : unmanaged, INumber<T>
{
    public static int Count => Vector512<T>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Create(T value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Load(T* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(T* destination, Vector512<T> value) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Min(Vector512<T> left, Vector512<T> right) => Vector512.Min(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Max(Vector512<T> left, Vector512<T> right) => Vector512.Max(left, right);
}
