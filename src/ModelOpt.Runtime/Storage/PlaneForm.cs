namespace ModelOpt.Runtime.Storage;

/// <summary>Where a plane of bytes is in a <see cref="PackedModel"/>.</summary>
internal enum PlaneForm
{
    /// <summary>In the content, among the other small ones.</summary>
    Content,

    /// <summary>Behind the content, as it is.</summary>
    Raw,

    /// <summary>Behind the content, coded with a table of frequencies (<see cref="RansDecoder"/>).</summary>
    Coded,
}
