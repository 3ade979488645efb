namespace ModelOpt.Runtime;

/// <content>State that the model keeps from call to call: variables, and those of recurrent layers.</content>
public sealed partial class TfliteModel
{
    /// <summary>
    /// Whether the model keeps state from run to run. A call starts with what the file says, or with zeros, and goes on from
    /// <see cref="ModelCall.Run"/> to the next; <see cref="Begin(ModelState)"/> goes on from call to call.
    /// </summary>
    public bool HasState => _plan.Graph.InitialStates.Length > 0;

    /// <summary>New state of the model, as it begins: one for each conversation.</summary>
    public ModelState CreateState() => new(_plan.Graph.InitialStates);

    /// <summary>Starts a call that goes on with a state, and leaves there what its runs keep.</summary>
    /// <exception cref="ArgumentException">The state is that of another model.</exception>
    public ModelCall Begin(ModelState state)
    {
        CheckState(state);
        return new ModelCall(this, RentSession(), 1, 1, state);
    }

    /// <summary>Starts a call with a state, of a model with open sizes.</summary>
    /// <param name="sizes">The sizes of all inputs, as <see cref="Begin(ReadOnlySpan{int})"/> takes them.</param>
    /// <exception cref="ArgumentException">The model does not take these sizes, or the state is that of another model.</exception>
    public ModelCall Begin(scoped ReadOnlySpan<int> sizes, ModelState state)
    {
        CheckState(state);
        return Start(sizes, state);
    }

    private void CheckState(ModelState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (!state.IsOf(_plan.Graph.InitialStates))
            throw new ArgumentException("The state is that of another model.", nameof(state));
    }
}
