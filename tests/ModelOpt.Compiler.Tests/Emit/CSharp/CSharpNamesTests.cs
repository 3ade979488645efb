using ModelOpt.Compiler.Emit.CSharp;

namespace ModelOpt.Compiler.Tests.Emit.CSharp;

[TestClass]
internal sealed class CSharpNamesTests
{
    [TestMethod]
    [DataRow("resnet8.onnx", "Resnet8")]
    [DataRow("models/mobile_net-v2 1.0.onnx", "MobileNetV210")]
    [DataRow("x.en.onnx", "XEn")]
    [DataRow("3d.onnx", "Model3d")]
    [DataRow("größe.onnx", "Größe")]
    [DataRow("---.onnx", "Model")]
    [DataRow("class.onnx", "Class")]
    [DataRow("output.onnx", "OutputModel")]
    [DataRow("run.onnx", "RunModel")]
    [DataRow("dispose.onnx", "DisposeModel")]
    [DataRow("resource_name.onnx", "ResourceNameModel")]
    [DataRow("file-name.onnx", "FileNameModel")]
    [DataRow("labels.onnx", "LabelsModel")]
    public void Class_names_come_from_file_names(string file, string expected) =>
        Assert.AreEqual(expected, CSharpNames.ClassName(file));

    [TestMethod]
    [DataRow("My.App", "My.App")]
    [DataRow("my-app.2d", "my_app._2d")]
    [DataRow("in.use", "_in.use")]
    [DataRow("", "")]
    public void Namespaces_come_from_project_names(string text, string expected) =>
        Assert.AreEqual(expected, CSharpNames.Namespace(text));

    [TestMethod]
    [DataRow("Input", "input")]
    [DataRow("ID", "id")]
    [DataRow("RGBImage", "rgbImage")]
    [DataRow("Class", "@class")]
    public void Parameters_are_in_camel_case(string pascal, string expected) =>
        Assert.AreEqual(expected, CSharpNames.Camel(pascal));

    [TestMethod]
    [DataRow("a b")]
    [DataRow("class")]
    [DataRow("")]
    [DataRow("1a")]
    public void What_is_no_identifier_is_told(string text) => Assert.IsFalse(CSharpNames.IsIdentifier(text));

    [TestMethod]
    [DataRow("class")]
    [DataRow("record")]
    [DataRow("file")]
    public void What_names_no_type_is_told(string text) => Assert.IsFalse(CSharpNames.IsTypeName(text));

    [TestMethod]
    public void Members_of_every_class_are_told() =>
        Assert.AreEqual("model Run", string.Join(' ', ((string[])["model", "Run", "Model", "Top"]).Where(CSharpNames.IsMember)));
}
