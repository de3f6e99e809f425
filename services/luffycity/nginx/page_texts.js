// What the pages' heads say before the app has loaded: the words of src/i18n.

export default {
    'zh-CN': {
        locale: 'zh_CN',
        name: 'Luffy 课堂',
        title: 'Luffy 课堂 · 跟着项目学编程',
        description: '由一线工程师讲授的编程实战课程：从零基础到项目上线，随时随地学习。',
        courses: '全部课程',
        coursesDescription: '按方向、人气和价格挑选适合你的编程实战课程。',
        missing: '页面走丢了',
    },
    en: {
        locale: 'en_US',
        name: 'Luffy Courses',
        title: 'Luffy Courses · Learn to code by building',
        description: 'Hands-on programming courses by working engineers: from the first line to a project that runs.',
        courses: 'Courses',
        coursesDescription: 'Find your hands-on programming course by topic, popularity and price.',
        missing: 'This page is lost',
    },
};
