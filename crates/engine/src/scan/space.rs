//! The index spaces of one component, instance type or component type while it is read: what each index stands for, as far
//! as weights go.
//!
//! Nothing in here is checked for validity beyond "the index exists": the validator does that right after, on the same
//! section.

use std::collections::HashMap;

use wasmparser::{ComponentExternalKind, ComponentTypeRef, Parser};

use super::size::{Form, Size};

/// An index into [`Arena::surfaces`].
#[derive(Clone, Copy, Debug)]
pub(super) struct SurfaceId(usize);

/// What can be reached by name in an instance.
#[derive(Default)]
pub(super) struct Surface<'a> {
    items: HashMap<&'a str, Item>,
}

/// Something that has a name in an instance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) kind: ComponentExternalKind,
    /// What its type weighs.
    pub(super) size: Size,
    /// For instances, what is inside.
    pub(super) instance: Option<Instance>,
}

/// A component instance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instance {
    /// What a copy of it weighs.
    pub(super) form: Form,
    /// What its type weighs.
    pub(super) size: Size,
    surface: Option<SurfaceId>,
    origin: Origin,
}

/// What the forms in an instance's surface depend on.
#[derive(Clone, Copy, Debug)]
enum Origin {
    /// It is given from outside: nothing is known but its type, and its own form bounds that of every part.
    Given,
    /// It was put together in this component: forms hold as they are.
    Here,
    /// It came out of a component that was given instances no heavier than this.
    Made(Form),
}

impl Instance {
    /// One that is given from outside, of a type that weighs `size` and lists `surface`.
    pub(super) fn given(size: Size, surface: Option<SurfaceId>) -> Self {
        Self {
            form: Form::argument(size),
            size,
            surface,
            origin: Origin::Given,
        }
    }

    /// One that is put together here from what `surface` lists.
    pub(super) fn here(form: Form, size: Size, surface: SurfaceId) -> Self {
        Self {
            form,
            size,
            surface: Some(surface),
            origin: Origin::Here,
        }
    }

    /// One that `component` makes when it is given instances no heavier than `argument`.
    pub(super) fn made(component: &Component, argument: Form) -> Self {
        Self {
            form: component.exported.given(argument),
            size: component.exports,
            surface: Some(component.surface),
            origin: Origin::Made(argument),
        }
    }

    /// The same instance, known under the type of `shown`. Its parts are looked up there: what is hidden cannot be named.
    pub(super) fn shown_as(self, shown: Self) -> Self {
        // A part of it weighs no more than it does.
        Self {
            form: self.form.max(Form::known(shown.size)),
            origin: Origin::Given,
            ..shown
        }
    }

    /// `part` of this instance, seen from where this instance is.
    fn part(&self, part: Self) -> Self {
        match self.origin {
            Origin::Given => Self {
                form: self.form.max(Form::known(part.size)),
                origin: Origin::Given,
                ..part
            },
            Origin::Here => part,
            Origin::Made(argument) => Self {
                form: part.form.given(argument),
                origin: match part.origin {
                    Origin::Given => Origin::Given,
                    Origin::Here => Origin::Made(argument),
                    Origin::Made(inner) => Origin::Made(inner.given(argument)),
                },
                ..part
            },
        }
    }
}

/// A type of a component.
#[derive(Clone, Copy, Debug)]
pub(super) struct Type {
    pub(super) size: Size,
    pub(super) surface: Option<SurfaceId>,
}

/// A component that is completely read.
#[derive(Clone, Debug)]
pub(super) struct Component {
    /// What instantiating it once makes and costs.
    pub(super) totals: Totals,
    /// What its imports weigh, which is what matching arguments against them costs.
    pub(super) imports: Size,
    /// What the type of its instances weighs.
    pub(super) exports: Size,
    /// What a copy of one of its instances weighs.
    pub(super) exported: Form,
    pub(super) surface: SurfaceId,
    /// What the definitions that it takes from the components around it weigh: they are copied along with it.
    pub(super) taken: Size,
}

/// What one instantiation makes and costs, that of everything inside included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Totals {
    pub(super) component_instances: u64,
    pub(super) core_instances: u64,
    pub(super) memories: u64,
    pub(super) tables: u64,
    /// Slots in the contexts of core instances: imports, globals, functions whose address is taken.
    pub(super) slots: u64,
    /// What the loader unfolds.
    pub(super) work: Form,
}

impl Totals {
    pub(super) const NONE: Self = Self {
        component_instances: 0,
        core_instances: 0,
        memories: 0,
        tables: 0,
        slots: 0,
        work: Form::ZERO,
    };

    /// Adds what another component makes when it is given instances no heavier than `argument`.
    pub(super) fn add(&mut self, other: &Self, argument: Form) {
        self.component_instances = self.component_instances.saturating_add(other.component_instances);
        self.core_instances = self.core_instances.saturating_add(other.core_instances);
        self.memories = self.memories.saturating_add(other.memories);
        self.tables = self.tables.saturating_add(other.tables);
        self.slots = self.slots.saturating_add(other.slots);
        self.work.add(other.work.given(argument));
    }
}

/// What one instance of a core module holds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Module {
    pub(super) memories: u64,
    pub(super) tables: u64,
    pub(super) slots: u64,
    /// Imports and exports, which instantiating it matches by name.
    pub(super) names: u64,
}

/// The index spaces of one scope.
pub(super) struct Space<'a> {
    /// The parser of the component around this one, to go on with after it.
    pub(super) outer: Option<Parser>,
    pub(super) core_types: Vec<Size>,
    /// Indices into [`Arena::modules`]; none for those that only a type speaks of.
    pub(super) core_modules: Vec<Option<usize>>,
    pub(super) types: Vec<Type>,
    pub(super) funcs: Vec<Size>,
    /// Indices into [`Arena::components`]; none for those that only a type speaks of.
    pub(super) components: Vec<Option<usize>>,
    pub(super) instances: Vec<Instance>,
    pub(super) surface: Surface<'a>,
    pub(super) imports: Size,
    pub(super) exports: Size,
    pub(super) exported: Form,
    pub(super) taken: Size,
    pub(super) totals: Totals,
}

impl<'a> Space<'a> {
    pub(super) fn new(outer: Option<Parser>) -> Self {
        Self {
            outer,
            core_types: Vec::new(),
            core_modules: Vec::new(),
            types: Vec::new(),
            funcs: Vec::new(),
            components: Vec::new(),
            instances: Vec::new(),
            surface: Surface::default(),
            imports: Size::ONE,
            exports: Size::ONE,
            exported: Form::known(Size::ONE),
            taken: Size::ONE,
            totals: Totals::NONE,
        }
    }

    /// What `reference` refers to, if its index exists.
    pub(super) fn referred(&self, reference: ComponentTypeRef) -> Option<Type> {
        use wasmparser::{ComponentValType, TypeBounds};
        let plain = Type {
            size: Size::ONE,
            surface: None,
        };
        Some(match reference {
            ComponentTypeRef::Module(index) => Type {
                size: *at(&self.core_types, index)?,
                surface: None,
            },
            ComponentTypeRef::Value(ComponentValType::Primitive(_))
            | ComponentTypeRef::Type(TypeBounds::SubResource) => plain,
            ComponentTypeRef::Func(index)
            | ComponentTypeRef::Value(ComponentValType::Type(index))
            | ComponentTypeRef::Type(TypeBounds::Eq(index))
            | ComponentTypeRef::Instance(index)
            | ComponentTypeRef::Component(index) => *at(&self.types, index)?,
        })
    }

    /// Gives `item` the next index of its kind.
    pub(super) fn define(&mut self, item: Item) {
        match item.kind {
            ComponentExternalKind::Module => self.core_modules.push(None),
            ComponentExternalKind::Func => self.funcs.push(item.size),
            ComponentExternalKind::Type => self.types.push(Type {
                size: item.size,
                surface: item.instance.and_then(|instance| instance.surface),
            }),
            ComponentExternalKind::Component => self.components.push(None),
            ComponentExternalKind::Instance => self
                .instances
                .push(item.instance.unwrap_or_else(|| Instance::given(item.size, None))),
            // Values of the component model are not switched on: the validator refuses them.
            ComponentExternalKind::Value => {}
        }
    }

    /// What has index `index` among the things of `kind`.
    pub(super) fn item(&self, kind: ComponentExternalKind, index: u32) -> Option<Item> {
        let (size, instance) = match kind {
            ComponentExternalKind::Module => (at(&self.core_modules, index).map(|_| Size::ONE)?, None),
            ComponentExternalKind::Component => (at(&self.components, index).map(|_| Size::ONE)?, None),
            ComponentExternalKind::Func => (*at(&self.funcs, index)?, None),
            ComponentExternalKind::Value => (Size::ONE, None),
            ComponentExternalKind::Type => {
                let ty = at(&self.types, index)?;
                // The surface travels on, for the type of an instance that is exported and then referred to.
                (
                    ty.size,
                    ty.surface.map(|surface| Instance::given(ty.size, Some(surface))),
                )
            }
            ComponentExternalKind::Instance => {
                let instance = at(&self.instances, index)?;
                (instance.size, Some(*instance))
            }
        };
        Some(Item { kind, size, instance })
    }
}

impl Item {
    /// An item of a type.
    pub(super) fn of(kind: ComponentExternalKind, ty: Type) -> Self {
        Self {
            kind,
            size: ty.size,
            instance: match kind {
                ComponentExternalKind::Instance => Some(Instance::given(ty.size, ty.surface)),
                ComponentExternalKind::Type => ty.surface.map(|surface| Instance::given(ty.size, Some(surface))),
                _ => None,
            },
        }
    }

    /// What a copy of it weighs.
    pub(super) fn form(&self) -> Form {
        match (self.kind, self.instance) {
            (ComponentExternalKind::Instance, Some(instance)) => instance.form.max(Form::known(self.size)),
            _ => Form::known(self.size),
        }
    }
}

impl<'a> Surface<'a> {
    pub(super) fn name(&mut self, name: &'a str, item: Item) {
        self.items.insert(name, item);
    }
}

/// What was read so far, wherever it stands.
#[derive(Default)]
pub(super) struct Arena<'a> {
    surfaces: Vec<Surface<'a>>,
    pub(super) components: Vec<Component>,
    pub(super) modules: Vec<Module>,
}

impl<'a> Arena<'a> {
    pub(super) fn surface(&mut self, surface: Surface<'a>) -> SurfaceId {
        self.surfaces.push(surface);
        SurfaceId(self.surfaces.len() - 1)
    }

    /// What `instance` has under `name`.
    pub(super) fn part(&self, instance: &Instance, name: &str) -> Option<Item> {
        let item = self.surfaces.get(instance.surface?.0)?.items.get(name)?;
        Some(match (item.kind, item.instance) {
            (ComponentExternalKind::Instance, Some(inner)) => Item {
                instance: Some(instance.part(inner)),
                ..*item
            },
            _ => *item,
        })
    }
}

/// The element with an index of the file.
pub(super) fn at<T>(items: &[T], index: u32) -> Option<&T> {
    items.get(usize::try_from(index).ok()?)
}

/// The same, to change it.
pub(super) fn at_mut<T>(items: &mut [T], index: u32) -> Option<&mut T> {
    items.get_mut(usize::try_from(index).ok()?)
}
