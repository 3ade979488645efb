namespace ModelOpt.Runtime.Jit;

/// <summary>
/// The assembled functions of one model. Kernels ask for functions while the plan is made, equal shapes get the same one;
/// <see cref="Seal"/> then makes all of them executable at once.
/// </summary>
internal sealed unsafe class AssembledCode
{
    private readonly Dictionary<object, AssembledFunction> _functions = [];
    private X64Assembler _assembler;
    private ExecutableMemory? _memory;

    private AssembledCode(Target target, int threads)
    {
        Target = target;
        Threads = threads;
        _assembler = new X64Assembler(target);
    }

    /// <summary>The instructions that the functions consist of.</summary>
    public Target Target { get; }

    /// <summary>Threads that will share the work of a kernel.</summary>
    public int Threads { get; }

    /// <summary>Whether this process may run assembled kernels: the instructions are there and the switch is not set.</summary>
    public static bool IsSupported =>
        Target.Best is not null && !(AppContext.TryGetSwitch("ModelOpt.Runtime.DisableJit", out bool off) && off);

    /// <summary>An empty set; null where assembled code is not supported.</summary>
    /// <param name="threads">See <see cref="Threads"/>.</param>
    /// <param name="target">One of those that this process may run; the fastest by default.</param>
    public static AssembledCode? TryCreate(int threads = 1, Target? target = null) =>
        IsSupported ? new AssembledCode(target ?? Target.Best!, threads) : null;

    /// <summary>The function of a shape, assembled at the first request.</summary>
    /// <param name="shape">All that the code depends on, compared by value.</param>
    /// <param name="emit">Assembles the function of the shape.</param>
    public AssembledFunction Get<TShape>(TShape shape, Action<TShape, X64Assembler> emit)
        where TShape : notnull
    {
        if (_functions.TryGetValue(shape, out AssembledFunction? function))
            return function;
        function = new AssembledFunction(_assembler.Begin().Position);
        emit(shape, _assembler);
        _functions.Add(shape, function);
        return function;
    }

    /// <summary>Makes the functions executable. False when the system refuses, and then none may be called.</summary>
    public bool Seal()
    {
        if (_functions.Count == 0)
            return true;
        _memory = ExecutableMemory.TryCreate(_assembler.Code);
        if (_memory is null)
            return false;
        foreach (AssembledFunction function in _functions.Values)
            function.Place(_memory);
        _assembler = new X64Assembler(Target);
        return true;
    }
}

/// <summary>One assembled function: it takes the address of its arguments, and keeps the memory that it lies in alive.</summary>
internal sealed unsafe class AssembledFunction(int offset)
{
    private ExecutableMemory? _memory;
    private delegate* unmanaged<void*, void> _entry;

    /// <summary>Calls the function. Arguments and the memory that they point to stay in place during the call.</summary>
    public void Call(void* arguments) => _entry(arguments);

    internal void Place(ExecutableMemory memory)
    {
        _memory = memory;
        _entry = (delegate* unmanaged<void*, void>)(memory.Address + offset);
    }
}
