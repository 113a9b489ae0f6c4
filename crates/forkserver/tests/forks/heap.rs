//! What of its template's memory a child has.

use brood_forkserver::host::Event;
use brood_forkserver::kernel::Linux;
use brood_forkserver::runtime::Plain;
use brood_forkserver::status::Status;

use crate::stage::Stage;

const PAGE: usize = 4096;

/// Memory as V8 maps it: not to be taken along.
fn map(pages: usize, protection: i32) -> *mut u8 {
    // SAFETY: a new mapping, at an address of the kernel's choice.
    let memory = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            pages * PAGE,
            protection,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    assert_ne!(memory, libc::MAP_FAILED);
    // SAFETY: it is ours, and stays in this process.
    assert_eq!(unsafe { libc::madvise(memory, pages * PAGE, libc::MADV_DONTFORK) }, 0);
    memory.cast()
}

#[test]
fn memory_that_a_fork_would_leave_behind_is_taken_along() {
    let (told, telling) = std::sync::mpsc::channel();
    let prepare = move || {
        let memory = map(3, libc::PROT_READ | libc::PROT_WRITE);
        // SAFETY: it is mapped, and nobody else knows of it.
        unsafe { memory.add(2 * PAGE).write(77) };
        let reserved = map(64, libc::PROT_NONE);
        // Many ranges, each of its own kind, so that none can be merged with the next.
        for number in 0..2000 {
            let one = map(1, libc::PROT_READ | libc::PROT_WRITE);
            if number % 2 == 0 {
                // SAFETY: it is ours and unused.
                assert_eq!(unsafe { libc::mprotect(one.cast(), PAGE, libc::PROT_READ) }, 0);
            }
        }
        told.send((memory as usize, reserved as usize)).unwrap();
    };
    let mut stage = Stage::with(Linux, Plain, prepare, move |_child| {
        let (memory, reserved) = telling.recv().unwrap();
        let at = |address: usize| std::ptr::with_exposed_provenance_mut::<u8>(address);
        // SAFETY: the template has mapped it; if it were not here, this process would end by a signal, which is the failure.
        let found = unsafe { at(memory).add(2 * PAGE).read() };
        // A reservation can still be made use of.
        // SAFETY: as above.
        let usable = unsafe { libc::mprotect(at(reserved).cast(), PAGE, libc::PROT_READ | libc::PROT_WRITE) };
        // SAFETY: as above.
        unsafe { at(reserved).write(1) };
        i32::from(found) + usable
    });
    let (_asked, _process) = stage.start(b"");
    match stage.next() {
        Event::Exited { status, .. } => assert_eq!(status, Status::Exited(77)),
        other => panic!("{other:?}"),
    }
}
