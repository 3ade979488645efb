using ModelOpt.Runtime.Model;

namespace ModelOpt.Runtime;

/// <summary>
/// What a model keeps from call to call, of one conversation: <see cref="TfliteModel.CreateState"/> makes it, and
/// <see cref="TfliteModel.Begin(ModelState)"/> goes on with it. One call at a time may use it.
/// </summary>
public sealed class ModelState
{
    private readonly InitialState[] _initial;
    private readonly byte[][] _bytes;

    internal ModelState(InitialState[] initial)
    {
        _initial = initial;
        _bytes = Array.ConvertAll(initial, s => new byte[s.Bytes]);
        Reset();
    }

    /// <summary>Goes back to what the model begins with.</summary>
    public void Reset()
    {
        for (int i = 0; i < _bytes.Length; i++)
            _initial[i].Put(_bytes[i]);
    }

    internal bool IsOf(InitialState[] initial) => _initial == initial;

    internal void PutInto(Session session)
    {
        for (int i = 0; i < _bytes.Length; i++)
            session.SetSample(session.FedInputs + i, _bytes[i]);
    }

    internal void TakeFrom(Session session)
    {
        for (int i = 0; i < _bytes.Length; i++)
            session.Output(session.GivenOutputs + i).CopyTo(_bytes[i]);
    }
}
