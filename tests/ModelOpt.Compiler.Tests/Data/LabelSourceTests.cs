using ModelOpt.Compiler.Data;

namespace ModelOpt.Compiler.Tests.Data;

[TestClass]
internal sealed class LabelSourceTests
{
    [TestMethod]
    public void Labels_come_from_arrays_and_text()
    {
        using var folder = new TempFolder();
        int[] expected = [2, 0, 1];
        CollectionAssert.AreEqual(expected, LabelSource.Read(DataTesting.Fixture("deflated.npz#labels")));
        CollectionAssert.AreEqual(expected, LabelSource.Read(folder.Write("x.npy", DataTesting.Npy("|u1", "3", [2, 0, 1]))));
        CollectionAssert.AreEqual(
            expected, LabelSource.Read(folder.Write("x.npy", DataTesting.Npy("<i4", "3, 1", [2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]))));
        byte[] idx = DataTesting.Idx(8, [3], [2, 0, 1]);
        CollectionAssert.AreEqual(expected, LabelSource.Read(folder.Write("x-idx1-ubyte", idx)));
        CollectionAssert.AreEqual(expected, LabelSource.Read(folder.Write("x.gz", DataTesting.Gzip(idx))));
        CollectionAssert.AreEqual(expected, LabelSource.Read(folder.Write("x.txt", "2\n0\r\n 1 \n\n"u8)));
    }

    [TestMethod]
    public void What_is_no_class_number_is_refused()
    {
        using var folder = new TempFolder();
        Refused("MOPT3010", "line 2 is 'cat'", "x.txt", "1\ncat\n"u8);
        Refused("MOPT3010", "line 1 is '-1'", "x.txt", "-1\n"u8);
        Refused("MOPT3010", "line 1 is '1.5'", "x.txt", "1.5\n"u8);
        Refused("MOPT3010", "line 1 is '99999999999'", "x.txt", "99999999999\n"u8);
        Refused("MOPT3005", "empty", "x.txt", "\n"u8);
        Refused("MOPT3010", "label 1 is -1", "x.npy", DataTesting.Npy("|i1", "2", [0, 255]));
        Refused("MOPT3010", "label 0 is 1.8", "x.npy", DataTesting.Npy("<u8", "1", [255, 255, 255, 255, 255, 255, 255, 255]));
        Refused("MOPT3010", "Float32", "x.npy", DataTesting.Npy("<f4", "1", new byte[4]));
        Refused("MOPT3010", "[1, 2]", "x.npy", DataTesting.Npy("|u1", "1, 2", new byte[2]));
        StringAssert.StartsWith(DataTesting.DiagnosticOf(() => LabelSource.Read(folder["absent"])), "MOPT3001");

        void Refused(string code, string reason, string name, ReadOnlySpan<byte> content)
        {
            string path = folder.Write(name, content);
            string diagnostic = DataTesting.DiagnosticOf(() => LabelSource.Read(path));
            StringAssert.StartsWith(diagnostic, code);
            StringAssert.Contains(diagnostic, reason);
        }
    }
}
