using System.Text.Json;
using Google.FlatBuffers;

namespace ModelOpt.Runtime.Tests.FlatBuffers;

/// <summary>Encodes what <see cref="FlatDecoder"/> decodes, with Google's library: another layout of the same content.</summary>
internal sealed class FlatEncoder
{
    private readonly FlatSchema _schema;
    private readonly FlatBufferBuilder _builder = new(1 << 16);

    private FlatEncoder(FlatSchema schema) => _schema = schema;

    /// <summary>A .tflite file with the content of JSON.</summary>
    public static byte[] Tflite(JsonElement json)
    {
        var encoder = new FlatEncoder(FlatSchema.Tflite);
        encoder._builder.Finish(encoder.Write(encoder._schema.Root, json), encoder._schema.Identifier);
        return encoder._builder.SizedByteArray();
    }

    private int Write(string table, JsonElement json)
    {
        FlatSchema.Field[] fields = _schema.FieldsOf(table);
        var children = new int[fields.Length];
        for (int i = 0; i < fields.Length; i++)
            if (json.TryGetProperty(fields[i].Name, out JsonElement value)) children[i] = WriteChild(fields[i], value, json);
        _builder.StartTable(fields.Length);
        for (int i = 0; i < fields.Length; i++)
        {
            if (!json.TryGetProperty(fields[i].Name, out JsonElement value)) continue;
            if (_schema.IsScalar(fields[i]) && !fields[i].IsVector)
            {
                Put(fields[i].Type, value);
                _builder.Slot(fields[i].Id);
            }
            else
            {
                _builder.AddOffset(fields[i].Id, children[i], 0);
            }
        }

        return _builder.EndTable();
    }

    /// <summary>Writes what a table refers to; 0 for a number, which is in the table itself.</summary>
    private int WriteChild(FlatSchema.Field field, JsonElement value, JsonElement parent)
    {
        if (field.IsVector) return WriteVector(field, [.. value.EnumerateArray()]);
        if (field.Type == "string") return _builder.CreateString(value.GetString()).Value;
        if (_schema.IsScalar(field)) return 0;
        return Write(_schema.IsTable(field.Type) ? field.Type : parent.GetProperty($"{field.Name}_type").GetString()!, value);
    }

    private int WriteVector(FlatSchema.Field field, JsonElement[] elements)
    {
        bool scalars = _schema.IsScalar(field);
        int[] tables = scalars ? [] : [.. elements.Select(element => Write(field.Type, element))];
        int size = scalars ? _schema.SizeOf(field.Type) : 4;
        _builder.StartVector(size, elements.Length, Math.Max(size, field.Alignment));
        for (int i = elements.Length - 1; i >= 0; i--)
        {
            if (scalars) Put(field.Type, elements[i]);
            else _builder.AddOffset(tables[i]);
        }

        return _builder.EndVector().Value;
    }

    private void Put(string type, JsonElement value)
    {
        FlatSchema.Enumeration? names = _schema.EnumOf(type);
        switch (names?.Base ?? type)
        {
            case "bool": _builder.AddBool(value.GetBoolean()); break;
            case "float": _builder.AddFloat(value.GetSingle()); break;
            case "byte": _builder.AddSbyte((sbyte)Integer()); break;
            case "ubyte": _builder.AddByte((byte)Integer()); break;
            case "uint": _builder.AddUint((uint)Integer()); break;
            case "long": _builder.AddLong(Integer()); break;
            default: _builder.AddInt((int)Integer()); break;
        }

        long Integer() => names is null ? value.GetInt64() : names.ValueOf(value.GetString()!);
    }
}
