using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Agents.ModelServer.Training.Numerics;

/// <summary>
/// The product of packed tiles as machine code, since C# has no names for these instructions. It takes one pointer (System V
/// calling convention) to eleven words: tile configuration, left, right, to, bytes from row to row of the result, steps of
/// 32 in depth, blocks of rows, blocks of columns, bytes of a left block, of a right block, and whether to add.
/// </summary>
static unsafe partial class TileCode
{
    const int Leaf = 7;
    const int TileBits = (1 << 22) | (1 << 24); // AMX-BF16, AMX-TILE

    static ReadOnlySpan<byte> Instructions =>
    [
        0x53, 0x55, 0x41, 0x54, 0x41, 0x55,                             // push rbx, rbp, r12, r13
        0x48, 0x8B, 0x07, 0xC4, 0xE2, 0x78, 0x49, 0x00,                 // mov rax, [rdi]; ldtilecfg [rax]
        0x4C, 0x8B, 0x47, 0x08,                                         // mov r8, [rdi+8]       left block
        0x4C, 0x8B, 0x4F, 0x18,                                         // mov r9, [rdi+24]      result, row of blocks
        0x4C, 0x8B, 0x57, 0x20,                                         // mov r10, [rdi+32]     row to row
        0x4C, 0x8B, 0x5F, 0x30,                                         // mov r11, [rdi+48]     rows to go
        0x4D, 0x89, 0xD4, 0x49, 0xC1, 0xE4, 0x04,                       // mov r12, r10; shl r12, 4
        0xB8, 0x40, 0x00, 0x00, 0x00,                                   // mov eax, 64           line of a tile
        0x48, 0x8B, 0x5F, 0x38,                                         // rows: mov rbx, [rdi+56]  columns to go
        0x48, 0x8B, 0x6F, 0x10,                                         // mov rbp, [rdi+16]     right block
        0x4D, 0x89, 0xCD,                                               // mov r13, r9           result
        0x4B, 0x8D, 0x54, 0x25, 0x00,                                   // columns: lea rdx, [r13+r12]
        0x48, 0x83, 0x7F, 0x50, 0x00, 0x75, 0x16,                       // cmp qword [rdi+80], 0; jne load
        0xC4, 0xE2, 0x7B, 0x49, 0xC0, 0xC4, 0xE2, 0x7B, 0x49, 0xC8,     // tilezero tmm0, tmm1
        0xC4, 0xE2, 0x7B, 0x49, 0xD0, 0xC4, 0xE2, 0x7B, 0x49, 0xD8,     // tilezero tmm2, tmm3
        0xEB, 0x1B,                                                     // jmp go
        0xC4, 0x82, 0x7B, 0x4B, 0x44, 0x15, 0x00,                       // load: tileloadd tmm0, [r13+r10]
        0xC4, 0x82, 0x7B, 0x4B, 0x4C, 0x15, 0x40,                       // tileloadd tmm1, [r13+r10+64]
        0xC4, 0xA2, 0x7B, 0x4B, 0x14, 0x12,                             // tileloadd tmm2, [rdx+r10]
        0xC4, 0xA2, 0x7B, 0x4B, 0x5C, 0x12, 0x40,                       // tileloadd tmm3, [rdx+r10+64]
        0x4C, 0x89, 0xC6, 0x48, 0x89, 0xEA, 0x48, 0x8B, 0x4F, 0x28,     // go: mov rsi, r8; mov rdx, rbp; mov rcx, [rdi+40]
        0xC4, 0xE2, 0x7B, 0x4B, 0x24, 0x06,                             // depth: tileloadd tmm4, [rsi+rax]
        0xC4, 0xE2, 0x7B, 0x4B, 0x34, 0x02,                             // tileloadd tmm6, [rdx+rax]
        0xC4, 0xE2, 0x7B, 0x4B, 0xBC, 0x02, 0x00, 0x04, 0x00, 0x00,     // tileloadd tmm7, [rdx+rax+1024]
        0xC4, 0xE2, 0x7B, 0x4B, 0xAC, 0x06, 0x00, 0x04, 0x00, 0x00,     // tileloadd tmm5, [rsi+rax+1024]
        0xC4, 0xE2, 0x4A, 0x5C, 0xC4, 0xC4, 0xE2, 0x42, 0x5C, 0xCC,     // tdpbf16ps tmm0, tmm4, tmm6; tmm1, tmm4, tmm7
        0xC4, 0xE2, 0x4A, 0x5C, 0xD5, 0xC4, 0xE2, 0x42, 0x5C, 0xDD,     // tdpbf16ps tmm2, tmm5, tmm6; tmm3, tmm5, tmm7
        0x48, 0x81, 0xC6, 0x00, 0x08, 0x00, 0x00,                       // add rsi, 2048
        0x48, 0x81, 0xC2, 0x00, 0x08, 0x00, 0x00,                       // add rdx, 2048
        0x48, 0xFF, 0xC9, 0x75, 0xB9,                                   // dec rcx; jnz depth
        0x4B, 0x8D, 0x54, 0x25, 0x00,                                   // lea rdx, [r13+r12]
        0xC4, 0x82, 0x7A, 0x4B, 0x44, 0x15, 0x00,                       // tilestored [r13+r10], tmm0
        0xC4, 0x82, 0x7A, 0x4B, 0x4C, 0x15, 0x40,                       // tilestored [r13+r10+64], tmm1
        0xC4, 0xA2, 0x7A, 0x4B, 0x14, 0x12,                             // tilestored [rdx+r10], tmm2
        0xC4, 0xA2, 0x7A, 0x4B, 0x5C, 0x12, 0x40,                       // tilestored [rdx+r10+64], tmm3
        0x49, 0x81, 0xC5, 0x80, 0x00, 0x00, 0x00,                       // add r13, 128
        0x48, 0x03, 0x6F, 0x48,                                         // add rbp, [rdi+72]
        0x48, 0xFF, 0xCB, 0x0F, 0x85, 0x3E, 0xFF, 0xFF, 0xFF,           // dec rbx; jnz columns
        0x4C, 0x03, 0x47, 0x40, 0x4F, 0x8D, 0x0C, 0x61,                 // add r8, [rdi+64]; lea r9, [r9+r12*2]
        0x49, 0xFF, 0xCB, 0x0F, 0x85, 0x22, 0xFF, 0xFF, 0xFF,           // dec r11; jnz rows
        0xC4, 0xE2, 0x78, 0x49, 0xC0,                                   // tilerelease
        0x41, 0x5D, 0x41, 0x5C, 0x5D, 0x5B, 0xC3,                       // pop r13, r12, rbp, rbx; ret
    ];

    public static bool HasTiles() => X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= Leaf && (X86Base.CpuId(Leaf, 0).Edx & TileBits) == TileBits;

    /// <summary>Asks the system for the tiles and puts the code where it may run.</summary>
    public static bool TryLoad(out nint code)
    {
        const long PermissionCall = 158, RequestPermission = 0x1023, TileData = 18;
        const int Read = 1, Write = 2, Execute = 4, PrivateAnonymous = 0x22;
        const nuint Page = 4096;
        code = 0;
        if (Syscall(PermissionCall, RequestPermission, TileData) != 0)
        {
            return false;
        }

        var page = Map(0, Page, Read | Write, PrivateAnonymous, -1, 0);
        if (page == -1)
        {
            return false;
        }

        Instructions.CopyTo(new Span<byte>((void*)page, Instructions.Length));
        if (Protect(page, Page, Read | Execute) != 0)
        {
            return false;
        }

        code = page;
        return true;
    }

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial long Syscall(long number, long first, long second);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nuint length, int protection);
}
