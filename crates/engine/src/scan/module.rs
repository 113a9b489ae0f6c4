//! Reads one core module: what its instances hold, and what its code costs the compiler.

use wasmparser::{
    CompositeInnerType, ConstExpr, DataKind, ElementItems, ElementKind, FuncToValidate, FuncValidatorAllocations,
    FunctionBody, ModuleArity, Operator, OperatorsReader, OperatorsReaderAllocations, Payload, SubType, TypeRef,
    ValidatorResources,
};

use super::types::count;
use super::{Limit, Malformed, ScanError, Scanner, space};

/// A core module while it is read.
#[derive(Default)]
pub(super) struct Reading {
    held: space::Module,
    memories: Vec<Memory>,
    tables: Vec<Table>,
    /// Functions that it defines; their code comes later.
    functions: u64,
    /// How often a function's address is taken; one function once, or more often.
    addresses: u64,
}

/// A memory and the data that it starts with.
struct Memory {
    /// Where its data begins and ends; the loader writes out what is between.
    start: u64,
    end: u64,
    /// What there really is.
    data: u64,
    imported: bool,
}

/// A table and how far into it functions are put.
struct Table {
    initial: u64,
    end: u64,
}

/// An image up to this size is written out however empty it is. Origin: `memory_guaranteed_dense_image_size` of wasmtime.
const DENSE_IMAGE: u64 = 16 << 20;
/// A table's image is written out up to this many elements. Origin: `MAX_FUNC_TABLE_SIZE` of wasmtime 48.
const DENSE_TABLE: u64 = 1 << 20;
/// What an element of such an image takes. Origin: a `FuncIndex`, of 32 bits.
const ELEMENT: u64 = 4;

/// What compiling a function costs whatever is in it, in operators. Origin: 100,000 empty functions took 5.6 KB each, a chain
/// of loads 1.5 KB a piece (wasmtime 48).
const FUNCTION: u64 = 4;
/// The same for a call through a table, which becomes a look-up, a check, a way out and a call: 18 KB.
const INDIRECT_CALL: u64 = 12;

impl<'a> Scanner<'a, '_> {
    /// Reads one section of a core module.
    pub(super) fn module_section(&mut self, payload: &Payload<'a>, module: &mut Reading) -> Result<(), ScanError> {
        match payload {
            Payload::TypeSection(types) => {
                for group in types.clone() {
                    let group = group.malformed()?;
                    self.count_types(count(group.types().len()))?;
                    for ty in group.types() {
                        self.core_arity(ty)?;
                    }
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_imports() {
                    let import = import.malformed()?;
                    self.bounded_name(import.module)?;
                    self.bounded_name(import.name)?;
                    self.named(module)?;
                    module.held.slots += 1;
                    match import.ty {
                        TypeRef::Memory(_) => {
                            module.memories.push(Memory {
                                start: u64::MAX,
                                end: 0,
                                data: 0,
                                imported: true,
                            });
                        }
                        TypeRef::Table(_) => module.tables.push(Table { initial: 0, end: 0 }),
                        _ => {}
                    }
                }
            }
            Payload::FunctionSection(functions) => {
                module.functions = u64::from(functions.count());
                self.functions = self.functions.saturating_add(module.functions);
                self.refuse(Limit::Functions, self.functions, self.limits.functions)?;
            }
            Payload::TableSection(tables) => {
                for table in tables.clone() {
                    let table = table.malformed()?;
                    module.held.tables += 1;
                    self.refuse(Limit::Tables, module.held.tables, self.limits.tables)?;
                    module.tables.push(Table {
                        initial: table.ty.initial,
                        end: 0,
                    });
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories.clone() {
                    memory.malformed()?;
                    module.held.memories += 1;
                    self.refuse(Limit::Memories, module.held.memories, self.limits.memories)?;
                    module.memories.push(Memory {
                        start: u64::MAX,
                        end: 0,
                        data: 0,
                        imported: false,
                    });
                }
            }
            Payload::GlobalSection(globals) => {
                for global in globals.clone() {
                    let global = global.malformed()?;
                    self.expression(&global.init_expr)?;
                    module.held.slots += 1;
                    module.addresses += 1;
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports.clone() {
                    let export = export.malformed()?;
                    self.bounded_name(export.name)?;
                    self.named(module)?;
                    module.addresses += 1;
                }
            }
            Payload::ElementSection(elements) => {
                self.refuse(Limit::Segments, u64::from(elements.count()), self.limits.segments)?;
                for element in elements.clone() {
                    let element = element.malformed()?;
                    let items = match &element.items {
                        ElementItems::Functions(items) => u64::from(items.count()),
                        ElementItems::Expressions(_, items) => {
                            for item in items.clone() {
                                self.expression(&item.malformed()?)?;
                            }
                            u64::from(items.count())
                        }
                    };
                    module.addresses = module.addresses.saturating_add(items);
                    if let ElementKind::Active {
                        table_index,
                        offset_expr,
                    } = &element.kind
                    {
                        self.expression(offset_expr)?;
                        let table = space::at_mut(&mut module.tables, table_index.unwrap_or(0));
                        if let (Some(table), Some(offset)) = (table, constant(offset_expr)) {
                            table.end = table.end.max(offset.saturating_add(items));
                        }
                    }
                }
            }
            Payload::DataSection(data) => {
                self.refuse(Limit::Segments, u64::from(data.count()), self.limits.segments)?;
                for segment in data.clone() {
                    let segment = segment.malformed()?;
                    let DataKind::Active {
                        memory_index,
                        offset_expr,
                    } = &segment.kind
                    else {
                        continue;
                    };
                    self.expression(offset_expr)?;
                    let memory = space::at_mut(&mut module.memories, *memory_index);
                    if let (Some(memory), Some(offset)) = (memory, constant(offset_expr)) {
                        let length = count(segment.data.len());
                        if length > 0 && !memory.imported {
                            memory.start = memory.start.min(offset);
                            memory.end = memory.end.max(offset.saturating_add(length));
                            memory.data = memory.data.saturating_add(length);
                        }
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What is known of the module at its end.
    pub(super) fn module_end(&mut self, mut module: Reading) -> Result<space::Module, ScanError> {
        for memory in &module.memories {
            let span = memory.end.saturating_sub(memory.start);
            let dense = memory.data.saturating_mul(2);
            if span < dense.max(DENSE_IMAGE) {
                self.images = self.images.saturating_add(span.saturating_sub(dense));
            }
        }
        for table in &module.tables {
            let end = table.end.min(table.initial).min(DENSE_TABLE);
            self.images = self.images.saturating_add(end.saturating_mul(ELEMENT));
        }
        self.refuse(Limit::Images, self.images, self.limits.images)?;
        module.held.slots = module.held.slots.saturating_add(module.addresses.min(module.functions));
        Ok(module.held)
    }

    /// Counts a name by which instances are matched.
    fn named(&mut self, module: &mut Reading) -> Result<(), ScanError> {
        module.held.names += 1;
        self.refuse(Limit::Names, module.held.names, self.limits.names)
    }

    /// Bounds the arity of a core function type.
    pub(super) fn core_arity(&self, ty: &SubType) -> Result<(), ScanError> {
        let CompositeInnerType::Func(func) = &ty.composite_type.inner else {
            return Ok(());
        };
        let arity = func.params().len().max(func.results().len());
        self.refuse(Limit::Params, count(arity), u64::from(self.limits.params))
    }

    /// An expression that is evaluated at the start is bounded, too: it is kept, operator by operator, and run by an
    /// interpreter.
    fn expression(&mut self, expression: &ConstExpr<'a>) -> Result<(), ScanError> {
        let length = count(expression.get_binary_reader().bytes_remaining());
        self.refuse(Limit::Expression, length, self.limits.expression)
    }

    /// Validates a function and counts what compiling it costs.
    pub(super) fn function(
        &mut self,
        func: FuncToValidate<ValidatorResources>,
        body: &FunctionBody<'a>,
    ) -> Result<(), ScanError> {
        self.refuse(Limit::Function, count(body.range().len()), self.limits.function)?;
        let mut validator = func.into_validator(std::mem::take(&mut self.scratch.validator));
        let mut reader = body.get_binary_reader();
        validator.read_locals(&mut reader).malformed()?;
        let locals = u64::from(validator.len_locals());
        self.refuse(Limit::Locals, locals, u64::from(self.limits.locals))?;
        self.scratch.begin();
        let mut code = Code {
            operations: FUNCTION.saturating_add(locals),
            blocks: 1,
            ..Code::default()
        };
        let mut operators = OperatorsReader::new_with_allocs(reader, std::mem::take(&mut self.scratch.operators));
        while !operators.eof() {
            let (operator, offset) = operators.read_with_offset().malformed()?;
            self.operator(&operator, &validator, &mut code);
            // Before the validator takes its step, which costs as much.
            let operations = self.operations.saturating_add(code.operations);
            self.refuse(Limit::Operations, operations, self.allowed_operations)?;
            self.refuse(Limit::Loops, code.loops, self.limits.loops)?;
            self.refuse(Limit::Carried, code.carried, self.limits.carried)?;
            self.refuse(Limit::Blocks, code.blocks, self.limits.blocks)?;
            validator.op(offset, &operator).malformed()?;
        }
        operators.finish().malformed()?;
        self.operations = self.operations.saturating_add(code.operations);
        self.scratch.operators = operators.into_allocations();
        self.scratch.validator = validator.into_allocations();
        let spread = code.variables.saturating_mul(code.blocks);
        self.refuse(Limit::Spread, spread, self.limits.spread)?;
        self.all_spread = self.all_spread.saturating_add(spread);
        self.refuse(Limit::AllSpread, self.all_spread, self.allowed_spread)
    }

    fn operator(&mut self, operator: &Operator<'a>, module: &impl ModuleArity, code: &mut Code) {
        let values = match operator {
            Operator::LocalGet { local_index }
            | Operator::LocalSet { local_index }
            | Operator::LocalTee { local_index } => {
                let use_of_local = self.scratch.used(*local_index);
                code.variables += use_of_local.0;
                code.carried += use_of_local.1;
                0
            }
            Operator::BrTable { targets } => {
                // Each entry is an edge of its own, and may pass on all values of its label.
                code.blocks += u64::from(targets.len()) + 1;
                arity(operator, module)
                    .max(1)
                    .saturating_mul(u64::from(targets.len()) + 1)
            }
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Else
            | Operator::End
            | Operator::Br { .. }
            | Operator::BrIf { .. }
            | Operator::BrOnNull { .. }
            | Operator::BrOnNonNull { .. } => {
                code.blocks += 2;
                self.scratch.control(operator);
                code.loops = code.loops.max(count(self.scratch.loops.len()));
                arity(operator, module)
            }
            Operator::CallIndirect { .. }
            | Operator::CallRef { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. } => {
                code.blocks += 4;
                INDIRECT_CALL.saturating_add(arity(operator, module))
            }
            Operator::Return | Operator::Call { .. } | Operator::ReturnCall { .. } => arity(operator, module),
            _ => 0,
        };
        code.operations = code.operations.saturating_add(1).saturating_add(values);
    }
}

/// What one function costs.
#[derive(Default)]
struct Code {
    /// Operators, and the values that they move at once.
    operations: u64,
    /// At most so many basic blocks.
    blocks: u64,
    /// Locals that are used at all.
    variables: u64,
    /// Locals that are used within a loop, counted for each loop around.
    carried: u64,
    /// How deep loops nest.
    loops: u64,
}

/// How many values an operator takes and leaves; 0 for one that is not valid.
fn arity(operator: &Operator<'_>, module: &impl ModuleArity) -> u64 {
    operator
        .operator_arity(module)
        .map_or(0, |(takes, leaves)| u64::from(takes) + u64::from(leaves))
}

/// The value of an expression that is one constant, as an address.
fn constant(expression: &ConstExpr<'_>) -> Option<u64> {
    let mut reader = expression.get_operators_reader();
    let offset = match reader.read().ok()? {
        Operator::I32Const { value } => u64::from(value.cast_unsigned()),
        Operator::I64Const { value } => value.cast_unsigned(),
        _ => return None,
    };
    matches!(reader.read().ok()?, Operator::End).then_some(offset)
}

/// What is allocated once and used for each function.
#[derive(Default)]
pub(super) struct Scratch {
    validator: FuncValidatorAllocations,
    operators: OperatorsReaderAllocations,
    /// For each local, when it was used last.
    locals: Vec<u64>,
    /// For each block that is open, whether it is a loop.
    blocks: Vec<bool>,
    /// When the loops that are open began.
    loops: Vec<u64>,
    /// When the function began.
    began: u64,
    /// Counts uses and loops, of all functions.
    now: u64,
}

impl Scratch {
    fn begin(&mut self) {
        self.blocks.clear();
        self.loops.clear();
        self.began = self.tick();
    }

    fn tick(&mut self) -> u64 {
        self.now += 1;
        self.now
    }

    fn control(&mut self, operator: &Operator<'_>) {
        match operator {
            Operator::Block { .. } | Operator::If { .. } => self.blocks.push(false),
            Operator::Loop { .. } => {
                let began = self.tick();
                self.blocks.push(true);
                self.loops.push(began);
            }
            Operator::End => {
                let ended = self.blocks.pop();
                if ended == Some(true) {
                    self.loops.pop();
                }
            }
            _ => {}
        }
    }

    /// Counts a use of a local: 1 if it is the first one in the function, and the number of loops for which it is.
    fn used(&mut self, local: u32) -> (u64, u64) {
        // More than there can be: the validator is about to refuse it.
        const MOST: u32 = 1 << 16;
        let index = usize::try_from(local.min(MOST)).unwrap_or(0);
        if index >= self.locals.len() {
            self.locals.resize(index + 1, 0);
        }
        let now = self.tick();
        let last = std::mem::replace(&mut self.locals[index], now);
        // Loops that began after its last use have not seen it yet.
        let seen = self.loops.partition_point(|began| *began <= last);
        (u64::from(last < self.began), count(self.loops.len() - seen))
    }
}
