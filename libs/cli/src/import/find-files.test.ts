import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createTemporaryFolder } from '../../test/temporary-folder.ts'
import { findMarkdown } from './find-files.ts'

it('given a tree, Markdown is found in a fixed order, whatever the case of its ending', async () => {
  await using folder = await createTemporaryFolder()
  await folder.write({
    'b.md': '',
    'a/z.markdown': '',
    'a/b/c.MD': '',
    'c.txt': '',
    md: '',
    'README.md.bak': '',
  })
  expect(await findMarkdown(folder.path)).toEqual(['a/b/c.MD', 'a/z.markdown', 'b.md'])
})

it('given hidden files and folders, they are left out', async () => {
  await using folder = await createTemporaryFolder()
  await folder.write({ '.git/x.md': '', '.hidden.md': '', 'a/.obsidian/y.md': '', 'a/seen.md': '' })
  expect(await findMarkdown(folder.path)).toEqual(['a/seen.md'])
})

it('given links, to a file or in a circle, they are not followed', async () => {
  await using folder = await createTemporaryFolder()
  await folder.write({ 'a/real.md': '' })
  await symlink(join(folder.path, 'a', 'real.md'), join(folder.path, 'link.md'))
  await symlink(folder.path, join(folder.path, 'a', 'circle'))
  expect(await findMarkdown(folder.path)).toEqual(['a/real.md'])
})
