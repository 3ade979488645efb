using System.Text.Json;
using Google.FlatBuffers;

namespace ModelOpt.Runtime.Tests.FlatBuffers;

/// <summary>Encodes what <see cref="FlatDecoder"/> decodes, with Google's library: another layout of the same content.</summary>
internal sealed class FlatEncoder
{
    private readonly FlatSchema schema;
    private readonly FlatBufferBuilder builder = new(1 << 16);

    private FlatEncoder(FlatSchema schema) => this.schema = schema;

    /// <summary>A .tflite file with the content of JSON.</summary>
    public static byte[] Tflite(JsonElement json)
    {
        var encoder = new FlatEncoder(FlatSchema.Tflite);
        encoder.builder.Finish(encoder.Write(encoder.schema.Root, json), encoder.schema.Identifier);
        return encoder.builder.SizedByteArray();
    }

    private int Write(string table, JsonElement json)
    {
        FlatSchema.Field[] fields = schema.FieldsOf(table);
        var children = new int[fields.Length];
        for (int i = 0; i < fields.Length; i++)
            if (json.TryGetProperty(fields[i].Name, out JsonElement value)) children[i] = WriteChild(fields[i], value, json);
        builder.StartTable(fields.Length);
        for (int i = 0; i < fields.Length; i++)
        {
            if (!json.TryGetProperty(fields[i].Name, out JsonElement value)) continue;
            if (schema.IsScalar(fields[i]) && !fields[i].IsVector)
            {
                Put(fields[i].Type, value);
                builder.Slot(fields[i].Id);
            }
            else
            {
                builder.AddOffset(fields[i].Id, children[i], 0);
            }
        }

        return builder.EndTable();
    }

    /// <summary>Writes what a table refers to; 0 for a number, which is in the table itself.</summary>
    private int WriteChild(FlatSchema.Field field, JsonElement value, JsonElement parent)
    {
        if (field.IsVector) return WriteVector(field, [.. value.EnumerateArray()]);
        if (field.Type == "string") return builder.CreateString(value.GetString()).Value;
        if (schema.IsScalar(field)) return 0;
        return Write(schema.IsTable(field.Type) ? field.Type : parent.GetProperty($"{field.Name}_type").GetString()!, value);
    }

    private int WriteVector(FlatSchema.Field field, JsonElement[] elements)
    {
        bool scalars = schema.IsScalar(field);
        int[] tables = scalars ? [] : [.. elements.Select(element => Write(field.Type, element))];
        int size = scalars ? schema.SizeOf(field.Type) : 4;
        builder.StartVector(size, elements.Length, Math.Max(size, field.Alignment));
        for (int i = elements.Length - 1; i >= 0; i--)
        {
            if (scalars) Put(field.Type, elements[i]);
            else builder.AddOffset(tables[i]);
        }

        return builder.EndVector().Value;
    }

    private void Put(string type, JsonElement value)
    {
        FlatSchema.Enumeration? names = schema.EnumOf(type);
        switch (names?.Base ?? type)
        {
            case "bool": builder.AddBool(value.GetBoolean()); break;
            case "float": builder.AddFloat(value.GetSingle()); break;
            case "byte": builder.AddSbyte((sbyte)Integer()); break;
            case "ubyte": builder.AddByte((byte)Integer()); break;
            case "uint": builder.AddUint((uint)Integer()); break;
            case "long": builder.AddLong(Integer()); break;
            default: builder.AddInt((int)Integer()); break;
        }

        long Integer() => names is null ? value.GetInt64() : names.ValueOf(value.GetString()!);
    }
}
