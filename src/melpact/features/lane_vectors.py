"""Vectors of 16 float32 in numba: loads, stores and arithmetic that are vector instructions whatever the loops around them.

Here live the type and its operations. Not here: anything that computes with them
(`melpact.vocoders.griffin_lim.lane_stages`). LLVM vectorises a loop only where it can prove, or test at run time, that
what it writes is not read; transforms in place with places from tables are beyond that. A machine with narrower registers
takes two or four for each vector. Arithmetic may contract, use reciprocal estimates (with a Newton step, so to the last
bits of float32) and assumes numbers. Importing this module imports numba.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="untyped-decorator,misc,no-any-unimported"
from __future__ import annotations

import operator
from typing import Any, ClassVar

import numba as nb
from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import cgutils
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

WIDTH = 16
"""Numbers in a vector."""

_FAST = ("fast",)
_SCALAR = ir.FloatType()
_REGISTER = ir.VectorType(_SCALAR, WIDTH)


class _Vector(nb.types.Type):
    def __init__(self) -> None:
        super().__init__(name="Float32x16")


VECTOR = _Vector()
_FLOAT = nb.types.float32
_OPERANDS = ((VECTOR, VECTOR), (VECTOR, _FLOAT), (_FLOAT, VECTOR))


@register_model(_Vector)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _REGISTER)


def _spread(builder, value):
    """A scalar in every place."""
    undefined = ir.Constant(_REGISTER, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH))


def _binary(function: Any, emit: Any) -> None:
    @infer_global(function)
    class _Typing(ConcreteTemplate):
        cases: ClassVar = [signature(VECTOR, *case) for case in _OPERANDS]

    for case in _OPERANDS:

        def lower(context, builder, given, arguments):
            a, b = (
                value if kind == VECTOR else _spread(builder, value)
                for kind, value in zip(given.args, arguments, strict=True)
            )
            return emit(builder)(a, b, flags=_FAST)

        lower_builtin(function, *case)(lower)


_binary(operator.add, lambda builder: builder.fadd)
_binary(operator.sub, lambda builder: builder.fsub)
_binary(operator.mul, lambda builder: builder.fmul)
_binary(operator.truediv, lambda builder: builder.fdiv)


@infer_global(operator.neg)
class _Negation(ConcreteTemplate):
    cases: ClassVar = [signature(VECTOR, VECTOR)]


@lower_builtin(operator.neg, VECTOR)
def _negate(context, builder, given, arguments):
    return builder.fneg(arguments[0], flags=_FAST)


def _place(context, builder, kind, array, index):
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _REGISTER.as_pointer())


@intrinsic
def load(typing_context, array, index):
    """The vector array[index : index + 16]; unchecked."""

    def emit(context, builder, given, arguments):
        return builder.load(_place(context, builder, given.args[0], *arguments), align=4)

    return VECTOR(array, nb.types.uintp), emit


@intrinsic
def store(typing_context, array, index, vector):
    """array[index : index + 16] = vector; unchecked."""

    def emit(context, builder, given, arguments):
        builder.store(arguments[2], _place(context, builder, given.args[0], *arguments[:2]), align=4)
        return context.get_dummy_value()

    return nb.types.void(array, nb.types.uintp, VECTOR), emit


@intrinsic
def root(typing_context, vector):
    """The square root of every number."""

    def emit(context, builder, given, arguments):
        kind = ir.FunctionType(_REGISTER, [_REGISTER])
        function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.sqrt.v{WIDTH}f32")
        return builder.call(function, arguments, fastmath=_FAST)

    return VECTOR(VECTOR), emit


@intrinsic
def spread(typing_context, number):
    """A vector with that float32 in every place."""
    return VECTOR(_FLOAT), lambda context, builder, given, arguments: _spread(builder, arguments[0])
