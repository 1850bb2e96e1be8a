#!/usr/bin/env python3
"""What the compiler made of every CUDA kernel, read from the machine code; needs no GPU.

    bench/gpu/compiled.py build/libhilum_cuda.so [--only 'conv2d/cuda[456]'] [--loop]

A line a kernel: threads a block, registers, warps that a multiprocessor has room for by registers
and static shared memory (dynamic shared memory is the launch's), bytes of stack (arrays that are
indexed, and spills), calls (of 64-bit division, as a rule); and of its main loop, the innermost loop with the
most multiply-adds, or memory accesses where it has none: instructions, the share of them that
multiplies and adds, loads by width in bytes, spills. --loop prints that loop. Needs cuobjdump,
nvdisasm (of the CUDA toolkit; pip has nvidia-cuda-cuobjdump and nvidia-cuda-nvdisasm) and c++filt.
"""

import argparse
import collections
import re
import subprocess

REGISTERS, SHARED, WARPS, BLOCKS = 65536, 228 * 1024, 64, 32  # of a multiprocessor, sm_90
MULTIPLY = ("FFMA", "HMMA", "IMMA", "DFMA", "HFMA2.BF16")
MEMORY = ("LDG", "STG", "LDGSTS", "LDS", "STS", "LDSM")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def short(names):
    """Mangled -> readable, without namespaces, result type and arguments."""
    plain = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True, check=True).stdout
    for mangled, name in zip(names, plain.splitlines()):
        name = re.sub(r"hilum::|_GLOBAL__N__\w+::|\(anonymous namespace\)::|\((int|unsigned int|bool)\)", "", name)
        name = re.sub(r"^void ", "", name)
        depth = 0
        for at, letter in enumerate(name):  # up to the arguments
            depth += (letter == "<") - (letter == ">")
            if letter == "(" and depth == 0:
                name = name[:at]
                break
        yield mangled, name.replace(" ", "")


def resources(file):
    """function -> registers, stack, static shared memory, from `cuobjdump -res-usage`."""
    found = re.findall(r"Function (\S+):\s*REG:(\d+) STACK:(\d+) SHARED:(\d+)", output("cuobjdump", "-res-usage", file))
    return {name: tuple(map(int, numbers)) for name, *numbers in found}


def most_threads(file):
    """function -> threads a block that it was compiled for, where it says so."""
    threads, function = {}, None
    for line in output("cuobjdump", "-elf", file).splitlines():
        if section := re.match(r"\.nv\.info\.(\S+)", line):
            function = section[1]
        elif "EIATTR_MAX_THREADS" in line:
            threads[function] = None
        elif function in threads and threads[function] is None and "Value:" in line:
            threads[function] = int(line.split()[1], 16)
    return threads


def functions(file):
    """(source, function, [(address, instruction)]) of each kernel."""
    source = function = None
    code = []
    for line in output("cuobjdump", "-sass", file).splitlines():
        if named := re.match(r"identifier = .*?((?:\w+/)?[\w.]+\.cu)", line):
            source = named[1]
        elif begin := re.match(r"\s*Function : (\S+)", line):
            if code:
                yield source_of, function, code
            source_of, function, code = source, begin[1], []
        elif found := re.match(r"\s*/\*([0-9a-f]+)\*/\s+(.*?);", line):
            code.append((int(found[1], 16), found[2]))
    if code:
        yield source_of, function, code


def opcode(instruction):
    return re.sub(r"^@!?U?P\w+ ", "", instruction).split()[0]


def count(code, *prefixes):
    return sum(opcode(text).split(".")[0] in prefixes or opcode(text).startswith(prefixes) for _, text in code)


def main_loop(code):
    loops = []
    for at, text in code:
        target = re.search(r"\bBRA\S* (?:\S+, )?`?\(?0x([0-9a-f]+)", text)
        if target and int(target[1], 16) < at:
            loops.append((int(target[1], 16), at))
    inner = [a for a in loops if not any(b != a and a[0] <= b[0] and b[1] <= a[1] for b in loops)]
    bodies = [[line for line in code if begin <= line[0] <= end] for begin, end in inner]
    return max(bodies, key=lambda body: (count(body, *MULTIPLY), count(body, *MEMORY)), default=[])


def widths(loop):
    """Loads by where from and bytes a lane: `16 x shared 16, 8 x copy 16`."""
    kinds = collections.Counter()
    for _, text in loop:
        word = opcode(text)
        where = {"LDS": "shared", "LDSM": "matrix", "LDG": "memory", "LDGSTS": "copy"}.get(word.split(".")[0])
        if where:
            bits = 32 * int(word.rsplit(".", 1)[1]) if where == "matrix" else 32
            bits = next((int(part) for part in word.split(".") if part in ("64", "128")), bits)
            bits = next((b for part, b in ((".U8", 8), (".S8", 8), (".U16", 16)) if part in word), bits)
            kinds[f"{where} {bits // 8}"] += 1
    return ", ".join(f"{number} x {kind}" for kind, number in sorted(kinds.items()))


def warps(registers, shared, threads):
    a_block = -(-threads // 32)
    by_registers = REGISTERS // (-(-registers // 8) * 8 * 32) // a_block
    by_shared = SHARED // (shared + 1024)
    return min(by_registers, by_shared, BLOCKS, WARPS // a_block) * a_block


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("object", help="libhilum_cuda.so, or any file with GPU code of one architecture")
    parser.add_argument("--only", default="", help="kernels whose `source kernel` has this pattern")
    parser.add_argument("--loop", action="store_true", help="also print the main loops")
    options = parser.parse_args()
    usage, threads = resources(options.object), most_threads(options.object)
    kernels = list(functions(options.object))
    names = dict(short([function for _, function, _ in kernels]))
    print("| source | kernel | threads | registers | warps | stack | calls | loop | multiply-adds | loads | spills |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for source, function, code in sorted(kernels, key=lambda k: (k[0], names[k[1]])):
        if not re.search(options.only, f"{source} {names[function]}"):
            continue
        registers, stack, shared = usage[function]
        block = threads.get(function)
        loop = main_loop(code)
        multiply = count(loop, *MULTIPLY)
        calls = count(code, "CALL")
        print(f"| {source} | {names[function]} | {block or ''} | {registers} | {warps(registers, shared, block or 256)} "
              f"| {stack} | {calls} | {len(loop)} | {f'{multiply}: {100 * multiply / len(loop):.0f} %' if multiply else ''} "
              f"| {widths(loop)} | {count(loop, 'LDL', 'STL') or ''} |")
        if options.loop:
            print("\n".join(f"    {at:06x} {text}" for at, text in loop))


main()
