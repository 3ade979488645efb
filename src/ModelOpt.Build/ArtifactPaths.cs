namespace ModelOpt.Build;

/// <summary>Where the files of one model lie, below the intermediate folder.</summary>
/// <param name="Folder">The absolute folder of the artifacts.</param>
/// <param name="Name">The class name, which no other model of the project has.</param>
internal readonly record struct ArtifactPaths(string Folder, string Name)
{
    /// <summary>What the metadata <c>Artifacts</c> can name.</summary>
    public static readonly IReadOnlyList<string> All = ["tflite", "onnx", "report"];

    public string Tflite => Path.Combine(Folder, Name + ".tflite");

    /// <summary>The file to embed as a resource of the assembly.</summary>
    public string Embedded => Path.Combine(Folder, Name + ".embedded");

    public string Onnx => Path.Combine(Folder, Name + ".onnx");

    public string Report => Path.Combine(Folder, Name + ".report.json");

    /// <summary>The report for people.</summary>
    public string ReportPage => Path.Combine(Folder, Name + ".report.html");

    /// <summary>What the model was compressed from: options, and size and time of each file.</summary>
    public string Inputs => Path.Combine(Folder, Name + ".inputs");

    /// <summary>The files with tensors that the model names, a line each; known once it was compressed.</summary>
    public string ExternalFiles => Path.Combine(Folder, Name + ".external");

    /// <summary>The checkpoint of training, from which an interrupted build resumes.</summary>
    public string Checkpoint => Path.Combine(Folder, Name + ".checkpoint");

    /// <summary>The warnings of the last compression, repeated while it is up to date.</summary>
    public string Diagnostics => Path.Combine(Folder, Name + ".diagnostics");
}
