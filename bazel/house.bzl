"""The macros through which every C++ target of the house is declared.

They carry our warnings, so that no BUILD file repeats them and none forgets.
"""

_COPTS = [
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wshadow",
    "-Wnon-virtual-dtor",
    "-Woverloaded-virtual",
    "-Wold-style-cast",
    "-Wcast-qual",
    "-Wvla",
    "-Werror",
    # Abseil 20220623 and gRPC 1.51 raise these from their own headers.
    "-Wno-unused-parameter",
    "-Wno-missing-field-initializers",
]

def ss_library(name, copts = [], **kwargs):
    """A library; one header each, named as the target."""
    native.cc_library(name = name, copts = _COPTS + copts, **kwargs)

def ss_binary(name, copts = [], **kwargs):
    """A program."""
    native.cc_binary(name = name, copts = _COPTS + copts, **kwargs)

def ss_test(name, srcs = None, deps = [], size = "small", copts = [], **kwargs):
    """A GoogleTest test beside the file that it specifies."""
    native.cc_test(
        name = name,
        srcs = srcs or [name + ".cc"],
        size = size,
        copts = _COPTS + copts,
        deps = deps + ["@com_google_googletest//:gtest_main"],
        **kwargs
    )

def ss_benchmark(name, srcs = None, deps = [], copts = [], **kwargs):
    """A Google Benchmark program; run in every test pass for one iteration."""
    native.cc_binary(
        name = name,
        srcs = srcs or [name + ".cc"],
        copts = _COPTS + copts,
        testonly = True,
        tags = ["benchmark"],
        deps = deps + ["@com_github_google_benchmark//:benchmark_main"],
        **kwargs
    )

# Where a package's generated gRPC stubs lie; the rest of the path is the one
# by which they are included ("secondstory/v1/event_service.grpc.pb.h").
_GRPC_ROOT = "_grpc"

def _cc_grpc_sources_impl(ctx):
    info = ctx.attr.proto[ProtoInfo]
    root = info.proto_source_root
    imports = [source.path[len(root) + 1:] for source in info.direct_sources]
    outputs = [
        ctx.actions.declare_file("%s/%s.grpc.pb.%s" % (_GRPC_ROOT, path[:-len(".proto")], kind))
        for path in imports
        for kind in ["h", "cc"]
    ]
    out = "/".join([ctx.bin_dir.path, ctx.label.package, _GRPC_ROOT])
    ctx.actions.run(
        inputs = info.transitive_sources,
        outputs = outputs,
        executable = ctx.executable._protoc,
        tools = [ctx.executable._plugin],
        arguments = [
            "--plugin=protoc-gen-grpc=" + ctx.executable._plugin.path,
            "--grpc_out=" + out,
        ] + ["-I" + path for path in info.transitive_proto_path.to_list()] + imports,
        mnemonic = "GrpcCpp",
        progress_message = "Generating gRPC stubs of %s" % ctx.label,
    )
    return [DefaultInfo(files = depset(outputs))]

_cc_grpc_sources = rule(
    implementation = _cc_grpc_sources_impl,
    attrs = {
        "proto": attr.label(providers = [ProtoInfo], mandatory = True),
        "_protoc": attr.label(
            default = "@com_google_protobuf//:protoc",
            executable = True,
            cfg = "host",
            allow_single_file = True,
        ),
        "_plugin": attr.label(
            default = "@grpc_cpp_plugin//:plugin",
            executable = True,
            cfg = "host",
            allow_single_file = True,
        ),
    },
)

def cc_grpc_library(name, proto, deps, **kwargs):
    """The gRPC stubs of the services in `proto`.

    Args:
      name: of the cc_library.
      proto: the proto_library that holds the services.
      deps: its cc_proto_library.
      **kwargs: passed to cc_library.
    """
    _cc_grpc_sources(name = name + "_sources", proto = proto)
    native.cc_library(
        name = name,
        srcs = [":" + name + "_sources"],
        includes = [_GRPC_ROOT],
        hdrs = [":" + name + "_sources"],
        deps = deps + ["@com_github_grpc_grpc//:grpc++"],
        **kwargs
    )

def ss_checkout_test(name, src, size = "small", tags = [], **kwargs):
    """A script that looks at the checkout itself: at all of its files, at Git.

    No sandbox holds those, so it runs in place, and every time. The real path
    of `src` says where the checkout is.
    """
    native.sh_test(
        name = name,
        srcs = [src],
        size = size,
        tags = ["external", "local"] + tags,
        **kwargs
    )

def embed_file(name, src, **kwargs):
    """The bytes of a file as C++.

    The header "NAME.h" declares `absl::string_view NameInCamelCase()` in
    namespace secondstory.

    Args:
      name: of the cc_library.
      src: the file.
      **kwargs: passed to cc_library.
    """
    function = "".join([word.capitalize() for word in name.split("_")])
    guard = "SECONDSTORY_EMBEDDED_%s_H_" % name.upper()
    native.genrule(
        name = name + "_sources",
        srcs = [src],
        outs = [name + ".h", name + ".cc"],
        cmd = """
            {{
              echo '#ifndef {guard}'
              echo '#define {guard}'
              echo '#include "absl/strings/string_view.h"'
              echo 'namespace secondstory {{ absl::string_view {function}(); }}'
              echo '#endif'
            }} > $(location {name}.h)
            {{
              echo '#include "{package}/{name}.h"'
              echo 'static const unsigned char kBytes[] = {{'
              od -An -v -tx1 $(location {src}) | sed 's/ / 0x/g; s/ /,/g; s/^,//; s/$$/,/'
              echo '}};'
              echo 'absl::string_view secondstory::{function}() {{'
              echo '  return {{reinterpret_cast<const char*>(kBytes), sizeof(kBytes)}};'
              echo '}}'
            }} > $(location {name}.cc)
        """.format(
            function = function,
            guard = guard,
            name = name,
            package = native.package_name(),
            src = src,
        ),
    )
    ss_library(
        name = name,
        srcs = [name + ".cc"],
        hdrs = [name + ".h"],
        deps = ["@com_google_absl//absl/strings"],
        **kwargs
    )

def embed_protos(name, proto, **kwargs):
    """The descriptor set of a proto_library, comments included, as C++.

    As embed_file; the bytes are a serialized google.protobuf.FileDescriptorSet.

    Args:
      name: of the cc_library.
      proto: the proto_library; its own files only, not those that it imports.
      **kwargs: passed to cc_library.
    """
    embed_file(name = name, src = proto, **kwargs)
