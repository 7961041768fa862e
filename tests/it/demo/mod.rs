//! The demo tells its story, from an empty folder to the end of a link.

use std::sync::Mutex;

use concord::demo::{self, Options};

use crate::support::database::Folder;

fn options(folder: &Folder) -> Options {
    Options { listen: ([127, 0, 0, 1], 0).into(), data: Some(folder.path().join("demo")), reset: false, seed: 42, lang: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_story_comes_out_as_it_should_twice_in_the_same_folder() {
    let folder = Folder::new();
    for _ in 0..2 {
        let lines = Mutex::new(Vec::new());
        let told = demo::script(&options(&folder), |line| lines.lock().expect("lines").push(line.to_owned())).await;
        let lines = lines.into_inner().expect("lines");
        told.unwrap_or_else(|trouble| panic!("{trouble}\nafter:\n{}", lines.join("\n")));
        assert_eq!(lines.len(), 11, "{lines:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_not_the_demos_is_left_alone() {
    let folder = Folder::new();
    let own = folder.path().join("demo");
    std::fs::create_dir_all(&own).expect("a folder");
    std::fs::write(own.join("thesis.txt"), "years of work").expect("a file");
    let told = demo::script(&options(&folder), |_| ()).await;
    assert!(told.is_err() && own.join("thesis.txt").exists());
}

#[tokio::test]
async fn nobody_else_can_reach_it() {
    let open = Options { listen: ([0, 0, 0, 0], 0).into(), ..options(&Folder::new()) };
    assert!(demo::script(&open, |_| ()).await.is_err());
}
