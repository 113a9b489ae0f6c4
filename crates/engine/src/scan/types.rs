//! Reads the types of a component without trusting their nesting: the reader of `wasmparser` recurses once for each type
//! that is written inside another, with no bound (three bytes a level), so it is only let loose on types that nest no
//! further.

use wasmparser::{
    BinaryReader, ComponentAlias, ComponentDefinedType, ComponentExternName, ComponentExternalKind, ComponentImport,
    ComponentOuterAliasKind, ComponentType, ComponentTypeRef, ComponentValType, CoreType, ModuleTypeDeclaration,
    PrimitiveValType,
};

use super::size::Size;
use super::space::{Item, Space, Surface, Type, at};
use super::{Limit, Malformed, ScanError, Scanner};

/// The first byte of a component type and of an instance type, which hold declarations.
const COMPONENT_TYPE: u8 = 0x41;
const INSTANCE_TYPE: u8 = 0x42;

impl<'a> Scanner<'a, '_> {
    /// Reads a type and gives it the next index of the innermost space. `nesting` counts the types around it.
    pub(super) fn component_type(&mut self, reader: &mut BinaryReader<'a>, nesting: u64) -> Result<(), ScanError> {
        self.refuse(Limit::TypeDepth, nesting, u64::from(self.limits.type_depth))?;
        self.count_types(1)?;
        let kind = reader.clone().read_u8().malformed()?;
        let ty = if kind == COMPONENT_TYPE || kind == INSTANCE_TYPE {
            reader.read_u8().malformed()?;
            self.spaces.push(Space::new(None));
            let count = reader.read_var_u32().malformed()?;
            for _ in 0..count {
                self.declaration(reader, kind == COMPONENT_TYPE, nesting)?;
            }
            let Some(space) = self.spaces.pop() else {
                return Err(ScanError::internal(reader.original_position()));
            };
            let mut size = space.exports;
            size.hold(space.imports);
            // Only an instance has something to reach by name.
            let surface = if kind == INSTANCE_TYPE {
                space.surface
            } else {
                Surface::default()
            };
            Type {
                size,
                surface: Some(self.arena.surface(surface)),
            }
        } else {
            let offset = reader.original_position();
            let ty: ComponentType = reader.read().malformed()?;
            Type {
                size: self.size_of(&ty, offset)?,
                surface: None,
            }
        };
        self.weigh(ty.size)?;
        self.space()?.types.push(ty);
        Ok(())
    }

    fn declaration(
        &mut self,
        reader: &mut BinaryReader<'a>,
        in_component: bool,
        nesting: u64,
    ) -> Result<(), ScanError> {
        let offset = reader.original_position();
        match reader.read_u8().malformed()? {
            0x00 => self.core_type(reader),
            0x01 => self.component_type(reader, nesting + 1),
            0x02 => {
                let alias: ComponentAlias = reader.read().malformed()?;
                self.alias(&alias, offset)
            }
            0x03 if in_component => {
                let import: ComponentImport = reader.read().malformed()?;
                let item = self.referred(import.ty, offset)?;
                let space = self.space()?;
                space.imports.hold(item.size);
                space.define(item);
                self.weigh_only(item.size)
            }
            0x04 => {
                let name: ComponentExternName = reader.read().malformed()?;
                let ty: ComponentTypeRef = reader.read().malformed()?;
                let item = self.referred(ty, offset)?;
                let space = self.space()?;
                space.exports.hold(item.size);
                space.surface.name(name.name, item);
                space.define(item);
                self.weigh_only(item.size)
            }
            _ => Err(ScanError::malformed(offset, "a type declares something unknown")),
        }
    }

    /// What a reference to a type stands for.
    pub(super) fn referred(&mut self, reference: ComponentTypeRef, offset: usize) -> Result<Item, ScanError> {
        let space = self.space()?;
        let Some(ty) = space.referred(reference) else {
            return Err(ScanError::missing(offset, "type"));
        };
        let item = Item::of(reference.kind(), ty);
        self.check_depth(item.size.depth)?;
        Ok(item)
    }

    /// Reads a core type and gives it the next index.
    pub(super) fn core_type(&mut self, reader: &mut BinaryReader<'a>) -> Result<(), ScanError> {
        let ty: CoreType = reader.read().malformed()?;
        match ty {
            CoreType::Rec(group) => {
                // Each type of a group has an index.
                let mut count = 0_u64;
                for ty in group.types() {
                    self.core_arity(ty)?;
                    count += 1;
                    self.space()?.core_types.push(Size::ONE);
                }
                self.count_types(count)
            }
            CoreType::Module(declarations) => {
                let mut size = Size::ONE;
                for declaration in &declarations {
                    if let ModuleTypeDeclaration::Type(group) = declaration {
                        self.count_types(u64::try_from(group.types().len()).unwrap_or(u64::MAX))?;
                    }
                    size.hold(Size::ONE);
                }
                self.count_types(1)?;
                self.weigh(size)?;
                self.space()?.core_types.push(size);
                Ok(())
            }
        }
    }

    fn size_of(&mut self, ty: &ComponentType<'a>, offset: usize) -> Result<Size, ScanError> {
        let mut size = Size::ONE;
        match ty {
            ComponentType::Defined(defined) => self.hold_defined(&mut size, defined, offset)?,
            ComponentType::Func(func) => {
                self.asynchronous |= func.async_;
                self.refuse(Limit::Params, count(func.params.len()), u64::from(self.limits.params))?;
                for (_, ty) in &func.params {
                    self.hold(&mut size, *ty, offset)?;
                }
                if let Some(ty) = func.result {
                    self.hold(&mut size, ty, offset)?;
                }
            }
            // The other two hold declarations and are read above.
            ComponentType::Resource { .. } | ComponentType::Component(_) | ComponentType::Instance(_) => {}
        }
        Ok(size)
    }

    fn hold_defined(&mut self, size: &mut Size, ty: &ComponentDefinedType<'a>, offset: usize) -> Result<(), ScanError> {
        match ty {
            ComponentDefinedType::Primitive(ty) => self.primitive(*ty),
            ComponentDefinedType::Record(fields) => {
                for (_, ty) in fields {
                    self.hold(size, *ty, offset)?;
                }
            }
            ComponentDefinedType::Variant(cases) => {
                for case in cases {
                    self.hold(size, case.ty.unwrap_or(UNIT), offset)?;
                }
            }
            ComponentDefinedType::Tuple(types) => {
                for ty in types {
                    self.hold(size, *ty, offset)?;
                }
            }
            ComponentDefinedType::Flags(names) | ComponentDefinedType::Enum(names) => {
                size.nodes = size.nodes.saturating_add(count(names.len()));
            }
            ComponentDefinedType::List(ty)
            | ComponentDefinedType::Option(ty)
            | ComponentDefinedType::FixedLengthList(ty, _) => self.hold(size, *ty, offset)?,
            ComponentDefinedType::Map(key, value) => {
                self.hold(size, *key, offset)?;
                self.hold(size, *value, offset)?;
            }
            ComponentDefinedType::Result { ok, err } => {
                for ty in [ok, err] {
                    self.hold(size, ty.unwrap_or(UNIT), offset)?;
                }
            }
            ComponentDefinedType::Own(_) | ComponentDefinedType::Borrow(_) => size.hold(Size::ONE),
            ComponentDefinedType::Future(ty) | ComponentDefinedType::Stream(ty) => {
                self.asynchronous = true;
                self.hold(size, ty.unwrap_or(UNIT), offset)?;
            }
        }
        Ok(())
    }

    fn hold(&mut self, size: &mut Size, ty: ComponentValType, offset: usize) -> Result<(), ScanError> {
        size.hold(self.value(ty, offset)?);
        Ok(())
    }

    /// What a type of values weighs.
    pub(super) fn value(&mut self, ty: ComponentValType, offset: usize) -> Result<Size, ScanError> {
        match ty {
            ComponentValType::Primitive(ty) => {
                self.primitive(ty);
                Ok(Size::ONE)
            }
            ComponentValType::Type(index) => at(&self.space()?.types, index)
                .map(|ty| ty.size)
                .ok_or(ScanError::missing(offset, "type")),
        }
    }

    fn primitive(&mut self, ty: PrimitiveValType) {
        self.asynchronous |= ty == PrimitiveValType::ErrorContext;
    }

    /// Gives an alias the next index of its kind.
    pub(super) fn alias(&mut self, alias: &ComponentAlias<'a>, offset: usize) -> Result<(), ScanError> {
        match *alias {
            // The core index spaces that these fill are looked at by the validator alone.
            ComponentAlias::CoreInstanceExport { .. } => self.weigh(Size::ONE),
            ComponentAlias::InstanceExport {
                kind,
                instance_index,
                name,
            } => {
                self.refuse_passed(kind, offset)?;
                let Some(instance) = at(&self.space()?.instances, instance_index).copied() else {
                    return Err(ScanError::missing(offset, "instance"));
                };
                let item = self.arena.part(&instance, name).filter(|item| item.kind == kind);
                let Some(item) = item else {
                    return Err(ScanError::missing(offset, "export of an instance"));
                };
                self.spend(item.form())?;
                self.space()?.define(item);
                Ok(())
            }
            ComponentAlias::Outer { kind, count, index } => self.outer(kind, count, index, offset),
        }
    }

    fn outer(&mut self, kind: ComponentOuterAliasKind, count: u32, index: u32, offset: usize) -> Result<(), ScanError> {
        let Some(position) = usize::try_from(count)
            .ok()
            .and_then(|count| self.spaces.len().checked_sub(count.checked_add(1)?))
        else {
            return Err(ScanError::missing(offset, "component around it"));
        };
        let outer = &self.spaces[position];
        let taken = match kind {
            ComponentOuterAliasKind::Type => {
                let Some(ty) = at(&outer.types, index).copied() else {
                    return Err(ScanError::missing(offset, "type"));
                };
                self.weigh(ty.size)?;
                self.space()?.types.push(ty);
                return Ok(());
            }
            ComponentOuterAliasKind::CoreType => {
                let Some(size) = at(&outer.core_types, index).copied() else {
                    return Err(ScanError::missing(offset, "core type"));
                };
                self.weigh(size)?;
                self.space()?.core_types.push(size);
                return Ok(());
            }
            ComponentOuterAliasKind::CoreModule => {
                let Some(module) = at(&outer.core_modules, index).copied() else {
                    return Err(ScanError::missing(offset, "core module"));
                };
                self.space()?.core_modules.push(module);
                Size::ONE
            }
            ComponentOuterAliasKind::Component => {
                let Some(component) = at(&outer.components, index).copied() else {
                    return Err(ScanError::missing(offset, "component"));
                };
                self.space()?.components.push(component);
                component
                    .and_then(|id| self.arena.components.get(id))
                    .map_or(Size::ONE, |component| component.taken)
            }
        };
        self.weigh(taken)?;
        // Each component between there and here carries it along, and is copied with it.
        for space in &mut self.spaces[position + 1..] {
            space.taken.hold(taken);
        }
        Ok(())
    }

    /// Refuses components and core modules that are handed around as values: what they are, and with it what an
    /// instantiation makes, is then not written in one place.
    pub(super) fn refuse_passed(&self, kind: ComponentExternalKind, offset: usize) -> Result<(), ScanError> {
        match kind {
            ComponentExternalKind::Component => Err(ScanError::unsupported(offset, "components handed on as values")),
            ComponentExternalKind::Module => Err(ScanError::unsupported(offset, "core modules handed on as values")),
            _ => Ok(()),
        }
    }
}

/// Stands for "no value", which weighs as much as a primitive.
const UNIT: ComponentValType = ComponentValType::Primitive(PrimitiveValType::Bool);

/// A length as the limits count it.
pub(super) fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
